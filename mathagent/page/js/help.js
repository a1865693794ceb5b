// The help: every key, and the language of the filter.

import { button, el } from "./dom.js";

const KEYS = [
  ["/", "to the filter"], ["j k ↓ ↑", "next and previous row, or trace"], ["Enter", "open the chosen trace"],
  ["w W", "next and previous wrong trace"], ["] [", "next and previous sample of the problem"],
  ["s", "the source of a reply, or its mathematics"], ["u Esc", "back to the table"],
  ["1 2", "summary, traces"], ["t", "theme: auto, dark, light"], ["?", "this help"],
];
const LANGUAGE = [
  ["correct wrong undecided ungraded", "the verdict"],
  ["finish: level: sample: mode: protocol:", "the same word; a,b are alternatives"],
  ["dataset: model: type: problem: id: answer:", "a part of it"],
  ["tokens>500 rounds>=2 errors seconds reward", "< <= = >= > a number; also model_seconds, kernel_seconds, prompt_tokens, sample"],
  ['word "some words" /regex/', "anywhere in the problem, the prose, the code or the outputs"],
  ["problem_text: prose: code: output:", "in that text alone"],
  ["-term", "turned round; all terms must hold"],
];

/** Fill the dialog. Gives the function that opens it. */
export function startHelp(dialog, pressed) {
  dialog.append(
    el("h2", { id: "keys-title" }, "Keys"), rows(KEYS),
    el("h2", {}, "Filter"), rows(LANGUAGE),
    el("p", { class: "quiet" }, "The filter is the same as in mathagent traces and mathagent view."),
    button("Close", () => dialog.close(), { autofocus: true }));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  const open = () => dialog.showModal();
  pressed.addEventListener("click", open);
  return open;
}

function rows(list) {
  return el("dl", { class: "pairs" }, list.map(([keys, does]) => el("div", {}, el("dt", {}, el("code", {}, keys)), el("dd", {}, does))));
}
