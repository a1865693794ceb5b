// What a model writes in words: the few forms of Markdown that models use, and formulas. Links stay text, HTML stays text.

import { el } from "./dom.js";
import { formula, formulas } from "./maths.js";
import { highlighted } from "./python.js";

const FENCE = /^\s*(`{3,}|~{3,}|\[asy\])\s*(\w*)[^\n]*$/u;
const END = { "[asy]": /\[\/asy\]\s*$/u }; // figures in Asymptote, as MATH has them
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/u;
const ITEM = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/u;
const RULE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/u;
const INLINE = /`([^`\n]+)`|\*\*(?=\S)([^\n]{1,800}?)\*\*|(?<![\w*])\*(?=[^\s*])([^*\n]{1,800}?)\*(?![\w*])/gu;
const HOLDER = /\uE000(\d+)\uE001/gu;

/** The text as elements, one for each block. */
export function prose(text) {
  const kept = [];
  const keep = (piece) => `\uE000${kept.push(piece) - 1}\uE001`;
  const fenced = text.replace(/[\uE000\uE001]/gu, "\uFFFD").split("\n");
  const lines = withoutFormulas(fenced, keep);
  const blocks = [];
  for (let at = 0; at < lines.length; ) at = block(lines, at, blocks, kept);
  return blocks;
}

/** Lines in which formulas are place holders, except inside of fences, where there are none. */
function withoutFormulas(lines, keep) {
  const out = [];
  let run = [];
  let fence = null;
  const flush = () => {
    if (run.length) out.push(...hidden(run.join("\n"), keep).split("\n"));
    run = [];
  };
  for (const line of lines) {
    const mark = FENCE.exec(line)?.[1];
    if (fence ? closes(line, fence) : mark) {
      flush();
      fence = fence || (mark in END && closes(line, mark)) ? null : mark;
      out.push(line);
    } else if (fence) {
      out.push(line);
    } else {
      run.push(line);
    }
  }
  flush();
  return out;
}

/** Formulas stay out of the way of `code`, and of the marks of Markdown. */
function hidden(text, keep) {
  return text
    .split(/(`[^`\n]+`)/u)
    .map((piece, place) =>
      place % 2 ? piece : formulas(piece).map((each) => (typeof each === "string" ? each : keep(each))).join(""),
    )
    .join("");
}

/** Read the block that begins at a line; gives the line after it. */
function block(lines, at, blocks, kept) {
  const line = lines[at];
  if (!line.trim()) return at + 1;
  const fence = FENCE.exec(line);
  if (fence) return fencedCode(lines, at, blocks, fence);
  const heading = HEADING.exec(line);
  if (heading) {
    blocks.push(el("p", { class: "heading" }, inline(heading[2], kept)));
    return at + 1;
  }
  if (RULE.test(line)) {
    blocks.push(el("hr"));
    return at + 1;
  }
  if (ITEM.test(line)) return list(lines, at, blocks, kept);
  const start = at;
  while (at < lines.length && lines[at].trim() && (at === start || !begins(lines[at]))) at += 1;
  blocks.push(el("p", {}, inline(lines.slice(start, at).join("\n"), kept)));
  return at;
}

function begins(line) {
  return FENCE.test(line) || HEADING.test(line) || ITEM.test(line);
}

function fencedCode(lines, at, blocks, [, mark, language]) {
  const figure = mark in END;
  const start = figure ? at : at + 1;
  at = start;
  while (at < lines.length && !closes(lines[at], mark)) at += 1;
  const code = lines.slice(start, figure ? at + 1 : at).join("\n");
  const nodes = !figure && /^(?:python|py|)$/iu.test(language) ? highlighted(code) : [code];
  const shown = el("pre", { class: "code", tabindex: 0 }, el("code", {}, nodes));
  blocks.push(figure ? el("details", {}, el("summary", {}, "A figure, in Asymptote"), shown) : shown);
  return at + 1;
}

function closes(line, mark) {
  return END[mark]?.test(line) ?? FENCE.exec(line)?.[1]?.startsWith(mark) === true;
}

/** A list, flat: how deep an item is, its margin says. */
function list(lines, at, blocks, kept) {
  const items = [];
  while (at < lines.length) {
    const item = ITEM.exec(lines[at]);
    if (item) items.push({ depth: Math.min(4, item[1].length >> 1), number: item[2], text: item[3] });
    else if (lines[at].trim() && (/^\s/u.test(lines[at]) || !begins(lines[at])) && lines[at - 1].trim()) {
      items[items.length - 1].text += `\n${lines[at].trim()}`;
    } else break;
    at += 1;
  }
  blocks.push(
    el(
      "ul",
      {},
      items.map(({ depth, number, text }) =>
        el(
          "li",
          { class: `depth-${depth}` },
          el("span", { class: "bullet" }, number ? `${number}.` : "•"),
          el("span", {}, inline(text, kept)),
        ),
      ),
    ),
  );
  return at;
}

function inline(text, kept) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    nodes.push(...restored(text.slice(at, found.index), kept));
    const [all, code, strong, soft] = found;
    if (code !== undefined) nodes.push(el("code", {}, code.replace(HOLDER, (_, number) => kept[number].source)));
    else nodes.push(el(strong ? "strong" : "em", {}, restored(strong ?? soft, kept)));
    at = found.index + all.length;
  }
  return [...nodes, ...restored(text.slice(at), kept)];
}

/** Text with its formulas back in their places. */
function restored(text, kept) {
  return text.split(HOLDER).map((piece, place) => (place % 2 ? formula(kept[Number(piece)]) : piece));
}
