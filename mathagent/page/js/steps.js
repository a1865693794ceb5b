// The steps of a trace, each with who wrote it and what it took.

import { button, el } from "./dom.js";
import { count, seconds } from "./format.js";
import { displayed } from "./pictures.js";
import { prose } from "./prose.js";
import { highlighted } from "./python.js";

const STATUS = {
  ok: "Output", unknown: "Output", error: "Error", timeout: "Timed out", died: "Kernel died", interrupted: "Interrupted",
  output_limit: "Too much output",
};
const LOW_MASS = 0.5; // of the probability on the options of a choice: with less, the model wanted to say something else
const LONG = 40; // lines of an output that are shown before it is folded

/** The steps as list items; `source` shows the reply's own text instead of mathematics. */
export function stepItems(steps, source) {
  if (source) return steps.map(raw).filter(Boolean);
  return whole(steps).map((step) => drawn[step.type]?.(step)).filter(Boolean);
}

/** Pieces of prose that follow each other are one text: a formula may begin in one and end in the next. */
function whole(steps) {
  const joined = [];
  for (const step of steps) {
    const last = joined.at(-1);
    const goesOn = step.type === "text" && last?.type === "text" && step.kind === last.kind && !step.reasoning;
    if (goesOn) joined[joined.length - 1] = { ...last, raw: (last.raw ?? "") + (step.raw ?? "") };
    else joined.push(step);
  }
  return joined;
}

const drawn = {
  prefill: ({ raw: text }) => item("prefill", "Begun by the prompt", null, el("pre", { tabindex: 0 }, text)),
  text: words,
  code({ index, code, discarded }) {
    const copy = button("Copy", (event) => copied(event.currentTarget, code), { class: "copy", "aria-label": `Copy code ${index + 1}` });
    return item("code", `Code ${(index ?? 0) + 1}`, copy,
      el("pre", { class: "code", tabindex: 0 }, el("code", {}, highlighted(code ?? ""))),
      discarded ? folded("Cut off after the block", el("pre", { tabindex: 0 }, discarded)) : null);
  },
  choice,
  output,
  request,
  failure: ({ kind, message, hint }) =>
    item("failure", `Failure of the ${kind === "kernel" ? "sandbox" : "server"}`, null, el("p", {}, hint ? `${message} (${hint})` : message)),
};

function words({ raw: text = "", reasoning, kind }) {
  const parts = [];
  if (reasoning) parts.push(thinking(reasoning));
  if (text.trim() && kind === "thinking") parts.push(thinking(text));
  else if (text.trim() && kind !== "markup") parts.push(...prose(text));
  return parts.length ? item("text", "Text", null, parts) : null;
}

function choice({ raw: text, shares, mass }) {
  const listed = shares.map(({ option, share, bound }) => `${option} ${bound ? "at most " : ""}${share.toFixed(4)}`).join(", ");
  return item("choice", "Choice", null, el("p", {}, el("strong", {}, text.trim())), el("p", { class: "quiet" }, listed),
    mass < LOW_MASS ? el("p", { class: "note" }, `Only ${(100 * mass).toFixed(1)} % of the probability is on these options.`) : null);
}

function thinking(text) {
  const words = text.trim().split(/\s+/u).length;
  const fold = folded(`Thinking, ${count(words)} words`);
  fold.classList.add("thinking");
  fold.addEventListener("toggle", () => fold.append(...prose(text)), { once: true });
  return fold;
}

function output({ index = 0, shown = "", status = "ok", seconds: took, whole, traceback, displays = [], suspect }) {
  const name = `${STATUS[status] ?? status} ${index + 1}`;
  return item(["ok", "unknown"].includes(status) ? "output" : "output failed", name, took === undefined ? null : seconds(took),
    shown.trim() ? long(shown) : el("p", { class: "quiet" }, "no output"),
    displays.map((each, number) => displayed(each, number + 1)),
    whole ? folded("All of the output", el("pre", { tabindex: 0 }, whole)) : null,
    traceback ? folded("The whole traceback", el("pre", { class: "traceback", tabindex: 0 }, traceback)) : null,
    suspect ? el("p", { class: "note" }, "The kernel sent replies that an honest kernel does not send.") : null);
}

function request({ prompt_tokens: sent, completion_tokens: made, cached_tokens: cached, seconds: took, about, finish, stop_reason: stop }) {
  const parts = [
    `${about ? "about " : ""}${count(made)} tokens in ${seconds(took)}`,
    made > 1 && took > 0 ? `${(made / took).toFixed(0)} tokens/s` : null,
    `${count(sent)} sent${cached === null ? "" : `, ${count(cached)} from the cache`}`,
    finish ? `ended by ${finish}${stop === null ? "" : ` at ${JSON.stringify(stop)}`}` : null,
  ];
  return el("li", { class: "request" }, parts.filter(Boolean).join(" · "));
}

/** A step's text as it stands in the reply. */
function raw({ type, raw: text, around, code, shown, reasoning }) {
  const whole = around ? around.length === 1 ? around[0] : around[0] + (code ?? shown ?? "") + around[1] : text;
  const parts = [reasoning ? el("pre", { class: "quiet" }, reasoning) : null, whole ? el("pre", {}, whole) : null];
  return parts.some(Boolean) ? el("li", { class: `raw ${type}` }, parts) : null;
}

function item(kind, name, more, ...content) {
  return el("li", { class: `step ${kind}` }, el("div", { class: "label" }, el("h3", {}, name), more), el("div", { class: "content" }, ...content));
}

function folded(name, ...content) {
  return el("details", {}, el("summary", {}, name), ...content);
}

function long(text) {
  const lines = text.split("\n");
  if (lines.length <= LONG + 10) return el("pre", { tabindex: 0 }, text);
  const rest = lines.slice(LONG).join("\n");
  return [el("pre", { tabindex: 0 }, lines.slice(0, LONG).join("\n")),
    folded(`${count(lines.length - LONG)} more lines`, el("pre", { tabindex: 0 }, rest))];
}

async function copied(pressed, text) {
  try {
    await navigator.clipboard.writeText(text);
    pressed.textContent = "Copied";
  } catch {
    pressed.textContent = "Can't copy";
  }
  setTimeout(() => { pressed.textContent = "Copy"; }, 1500);
}
