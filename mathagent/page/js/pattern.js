// Regular expressions of Python's `re`, as JavaScript's: the same language of queries in the terminal and here.

const CLASSES = { d: "\\p{Nd}", w: "\\p{L}\\p{N}_", s: "\\s\\x1c-\\x1f\\x85" };
const WORD = `[${CLASSES.w}]`;
const WHOLE = {
  A: "(?<![^])",
  Z: "(?![^])",
  b: `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`,
  B: `(?:(?<=${WORD})(?=${WORD})|(?<!${WORD})(?!${WORD}))`,
};
const QUANTIFIER = /^\{(\d*)(,?)(\d*)\}/u;

/** The expression, without regard to case. Throws SyntaxError where it can't be read, or has what only Python knows. */
export function pythonPattern(source) {
  let flags = "iu";
  const head = /^\(\?([a-z]+)\)/u.exec(source);
  if (head) {
    const unknown = [...head[1]].find((flag) => !"imsu".includes(flag));
    if (unknown) throw new SyntaxError(`the flag ${unknown} is for Python only`);
    flags += [..."ms"].filter((flag) => head[1].includes(flag)).join("");
  }
  return new RegExp(translated(head ? source.slice(head[0].length) : source, flags), flags);
}

/** Any text, to be found as it stands, without regard to case. */
export function wordPattern(words) {
  return new RegExp(words.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&"), "iu");
}

function translated(source, flags) {
  const out = [];
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at);
    const [taken, text] = rest[0] === "[" ? charClass(rest) : outside(rest, flags);
    out.push(text);
    at += taken;
  }
  return out.join("");
}

/** The next piece outside of a class: how much of the source it takes, and what it becomes. */
function outside(rest, flags) {
  const first = String.fromCodePoint(rest.codePointAt(0));
  if (first === "\\") return escape(rest, false);
  if (rest.startsWith("(?P<")) return [4, "(?<"];
  const back = /^\(\?P=(\w+)\)/u.exec(rest);
  if (back) return [back[0].length, `\\k<${back[1]}>`];
  const remark = /^\(\?#[^)]*\)/u.exec(rest);
  if (remark) return [remark[0].length, ""];
  if (first === "$" && !flags.includes("m")) return [1, "(?=\\n?(?![^]))"];
  if (first === "." && !flags.includes("s")) return [1, "[^\\n]"];
  if (first === "{") return braces(rest);
  if (first === "}" || first === "]") return [1, `\\${first}`];
  return [first.length, first];
}

function braces(rest) {
  const found = QUANTIFIER.exec(rest);
  if (!found || found[0] === "{}" || (found[1] === "" && found[2] === "")) return [1, "\\{"];
  return [found[0].length, `{${found[1] || 0}${found[2]}${found[3]}}`];
}

function escape(rest, inClass) {
  const next = rest[1];
  if (next === undefined) throw new SyntaxError("bad escape (end of pattern)");
  if (!inClass && WHOLE[next]) return [2, WHOLE[next]];
  if (inClass && next === "b") return [2, "\\b"];
  const lower = next.toLowerCase();
  if (CLASSES[lower]) {
    if (next === lower) return [2, inClass ? CLASSES[lower] : `[${CLASSES[lower]}]`];
    return [2, inClass ? { D: "\\P{Nd}", W: "\\W", S: "\\S" }[next] : `[^${CLASSES[lower]}]`];
  }
  if (next === "a") return [2, "\\x07"];
  const long = /^\\U([0-9a-fA-F]{8})/u.exec(rest);
  if (long) return [long[0].length, `\\u{${long[1]}}`];
  if (/[fnrtvxu0-9]/u.test(next)) return [2, `\\${next}`];
  if (/[a-zA-Z]/u.test(next)) throw new SyntaxError(`bad escape \\${next}`);
  const sign = String.fromCodePoint(rest.codePointAt(1));
  return [1 + sign.length, /[\\^$.*+?()[\]{}|/-]/u.test(sign) ? hyphen(sign, inClass) : sign];
}

function hyphen(sign, inClass) {
  return sign === "-" && !inClass ? "-" : `\\${sign}`;
}

/** A class in brackets; `]` right at its start is a character of it. */
function charClass(rest) {
  let at = rest[1] === "^" ? 2 : 1;
  let text = rest.slice(0, at);
  for (let first = true; ; first = false) {
    if (at >= rest.length) throw new SyntaxError("unterminated character set");
    if (rest[at] === "]" && !first) return [at + 1, `${text}]`];
    if (rest[at] === "\\") {
      const [taken, piece] = escape(rest.slice(at), true);
      text += piece;
      at += taken;
    } else {
      text += "[]".includes(rest[at]) ? `\\${rest[at]}` : rest[at];
      at += 1;
    }
  }
}
