// Formulas by KaTeX. They come from a model: nothing is trusted, everything is bounded, and what fails stays source text.

import { breathe, el } from "./dom.js";

const LONGEST = 4000; // characters of a formula
const SLICE = 8; // milliseconds of typesetting between two frames
const OPTIONS = {
  strict: "ignore", throwOnError: true, errorColor: "currentcolor", maxSize: 12, maxExpand: 1000, globalGroup: false,
};
const DEFINITION = /\\(?:[gex]?def|(?:future)?let|(?:re)?newcommand|providecommand|global|long)(?![a-zA-Z])/u;
const OPENING =
  /(?<!\\)(?:\$\$|\\[[(])|(?<![\\$\w])\$(?!\s)|\\begin\{(?:align|aligned|array|cases|equation|gather|[bpv]?matrix)\*?\}|\\boxed\s*(?=\{)/gu;
const LINE = /(?:\\[^\n]|[^$\n\\])+?(?<!\s)\$(?!\d)/uy; // from a dollar to the next one

const waiting = [];
let working = false;

/** Cut a text at its formulas: strings, and formulas as `{ tex, display, source }`. Takes time as the text is long. */
export function formulas(text) {
  const pieces = [];
  const nextOf = finder(text);
  let at = 0;
  for (const { 0: opening, index } of text.matchAll(OPENING)) {
    if (index < at) continue;
    const start = index + opening.length;
    const [end, closing] = closed(text, opening, start, nextOf);
    if (end < 0) continue;
    if (index > at) pieces.push(text.slice(at, index));
    at = end + closing.length;
    const source = text.slice(index, at);
    const whole = closing === "}" || opening.startsWith("\\begin"); // the delimiters are part of the formula
    const display = ["$$", "\\["].includes(opening) || opening.startsWith("\\begin");
    pieces.push({ tex: whole ? source : text.slice(start, end), display, source });
  }
  if (at < text.length) pieces.push(text.slice(at));
  return pieces;
}

/** Where a formula ends, and by what; -1 where it does not. */
function closed(text, opening, start, nextOf) {
  if (opening === "$") {
    LINE.lastIndex = start;
    return LINE.test(text) ? [LINE.lastIndex - 1, "$"] : [-1, ""];
  }
  if (opening.startsWith("\\boxed")) return [braceEnd(text, start), "}"];
  const closing = { $$: "$$", "\\[": "\\]", "\\(": "\\)" }[opening] ?? opening.replace("\\begin", "\\end");
  const end = nextOf(closing, start);
  return [end > start ? end : -1, closing];
}

/** Finds the next place of a word, and looks at no part of the text twice for the same word. */
function finder(text) {
  const known = new Map();
  return (word, from) => {
    const last = known.get(word);
    if (last !== undefined && (last < 0 || last >= from)) return last;
    known.set(word, text.indexOf(word, from));
    return known.get(word);
  };
}

/** The brace that closes the one at `start`, no further away than a formula may be long. */
function braceEnd(text, start) {
  let depth = 0;
  for (let at = start; at < Math.min(text.length, start + LONGEST); at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "{") depth += 1;
    else if (text[at] === "}" && (depth -= 1) === 0) return at;
  }
  return -1;
}

/** An element that shows the source now and the formula as soon as there is time. */
export function formula({ tex, display, source }) {
  const element = el("span", { class: display ? "math display" : "math" }, source);
  waiting.push(() => typeset(element, tex, display));
  if (!working) work();
  return element;
}

/** Typeset at once; false, and the element as it was, where KaTeX can't read the formula. */
export function typeset(element, tex, display) {
  const made = document.createDocumentFragment();
  const holder = el("span");
  let refused = null;
  const trust = ({ command }) => {
    refused = command;
    return false;
  };
  try {
    if (tex.length > LONGEST) throw new Error(`the formula has more than ${LONGEST} characters`);
    if (DEFINITION.test(tex)) throw new Error("definitions are not allowed"); // a short one can make a long formula
    katex.render(tex, holder, { ...OPTIONS, trust, displayMode: display });
    if (refused) throw new Error(`${refused} is not allowed`);
  } catch (error) {
    element.classList.add("bad");
    element.title = error instanceof RangeError ? "nested too deeply" : error.message;
    return false;
  }
  made.append(...holder.childNodes);
  element.replaceChildren(made);
  return true;
}

async function work() {
  working = true;
  await breathe();
  let slice = performance.now();
  while (waiting.length) {
    waiting.shift()();
    if (performance.now() - slice > SLICE) {
      await breathe();
      slice = performance.now();
    }
  }
  working = false;
}

/** Forget formulas that nobody will see any more. */
export function forget() {
  waiting.length = 0;
}
