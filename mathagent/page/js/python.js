// Python code with its words coloured. Good enough for eyes; the text is never changed.

import { el } from "./dom.js";

const KEYWORDS = new Set(
  ("False None True and as assert async await break case class continue def del elif else except finally for from " +
    "global if import in is lambda match nonlocal not or pass raise return try while with yield").split(" "),
);
const TOKEN = new RegExp(
  [
    "(?<comment>#[^\\n]*)",
    "(?<string>\\b[rbfuRBFU]{0,2}(?:\"\"\"[^]*?(?:\"\"\"|(?![^]))|'''[^]*?(?:'''|(?![^])))" +
      "|(?:\\b[rbfuRBFU]{1,2})?(?:\"(?:\\\\[^]|[^\"\\\\\\n])*\"?|'(?:\\\\[^]|[^'\\\\\\n])*'?))",
    "(?<number>\\b(?:0[xob][\\da-f_]+|\\d[\\d_]*(?:\\.[\\d_]*)?(?:e[+-]?\\d+)?j?)\\b)",
    "(?<decorator>^[ \\t]*@[\\w.]+)",
    "(?<call>[^\\W\\d]\\w*(?=\\())",
    "(?<word>[^\\W\\d]\\w*)",
  ].join("|"),
  "gimu",
);

/** The code as nodes. */
export function highlighted(code) {
  const nodes = [];
  let at = 0;
  for (const found of code.matchAll(TOKEN)) {
    const kind = kindOf(found);
    if (!kind) continue;
    nodes.push(code.slice(at, found.index), el("span", { class: `py-${kind}` }, found[0]));
    at = found.index + found[0].length;
  }
  return [...nodes, code.slice(at)];
}

function kindOf({ 0: text, groups }) {
  if (groups.word || groups.call) return KEYWORDS.has(text) ? "keyword" : groups.call ? "call" : null;
  return Object.keys(groups).find((name) => groups[name] !== undefined);
}
