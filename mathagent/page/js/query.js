// The language of queries: `mathagent/collection/query.py` in JavaScript. tests/collection/queries.json holds the two together.

import { pythonPattern, wordPattern } from "./pattern.js";

const VERDICT_WORDS = ["correct", "wrong", "undecided", "ungraded"];
const SAME = ["verdict", "finish", "level", "sample", "mode", "protocol"];
const PART = ["dataset", "model", "type", "problem", "id", "answer"];
const NUMBERS = [
  "tokens", "rounds", "errors", "seconds", "model_seconds", "kernel_seconds", "prompt_tokens", "sample", "reward",
];
const TEXTS = { problem_text: "problem", prose: "prose", code: "code", output: "output" };
const COMPARE = {
  "<": (one, other) => one < other,
  "<=": (one, other) => one <= other,
  "=": (one, other) => one === other,
  ">=": (one, other) => one >= other,
  ">": (one, other) => one > other,
};
const TERM = new RegExp(
  "(?<no>-)?(?:(?<number>[a-z_]+)(?<op><=|>=|<|>|=)(?<value>\\S+)" +
    '|(?:(?<field>[a-z_]+):)?(?:"(?<quoted>[^"]*)"|/(?<pattern>(?:\\\\[^\\n]|[^/\\\\])+)/(?=\\s|$)|(?<word>\\S+)))',
  "gu",
);
const FLOAT = /^[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?)$/iu;

/** A query that can't be read; the message is for the person who wrote it. */
export class QueryError extends Error {}

/**
 * Read a query. Gives terms: `column(index)` makes a test of a trace's place, `texts` a test of a trace's texts;
 * a term has one of them. All must hold.
 */
export function parseQuery(text) {
  return [...text.matchAll(TERM)].map(({ 0: all, groups }) => {
    const term = groups.number ? comparison(all, groups) : said(groups);
    return groups.no ? turned(term) : term;
  });
}

function comparison(all, { number: field, op, value }) {
  if (NUMBERS.includes(field)) return byNumber(field, op, value);
  if (SAME.includes(field) || PART.includes(field) || field in TEXTS) {
    throw new QueryError(`${field} takes a colon: ${field}:${value}`);
  }
  return anywhere(all.replace(/^-/u, "")); // x=3 is something to look for
}

function said({ field, quoted, pattern, word }) {
  let words = quoted ?? word;
  if (pattern !== undefined) {
    if (field === undefined || field in TEXTS) return inTexts(TEXTS[field] ?? "all", expression(pattern));
    words = `/${pattern}/`;
  }
  if (field === undefined) return !quoted && VERDICT_WORDS.includes(words) ? same("verdict", words) : anywhere(words);
  if (field in TEXTS) return inTexts(TEXTS[field], wordPattern(words));
  if (SAME.includes(field)) return same(field, words);
  if (PART.includes(field)) return part(field, words);
  if (NUMBERS.includes(field)) throw new QueryError(`${field} takes a comparison: ${field}>${words}`);
  return anywhere(`${field}:${words}`);
}

function turned(term) {
  if (term.texts) return { texts: (texts) => !term.texts(texts) };
  return {
    column(index) {
      const holds = term.column(index);
      return (place) => !holds(place);
    },
  };
}

function fold(text) {
  return text.toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

function alternatives(words) {
  return words.split(",").map((word) => fold(word.trim()));
}

/** A test of a field's text, made once for each different value. */
function ofValue(field, holds) {
  return {
    column(index) {
      const column = index.columns[field];
      if (!column.codes) return (place) => holds(fold(String(column[place])));
      const known = column.values.map((value) => holds(fold(String(value ?? ""))));
      return (place) => known[column.codes[place]];
    },
  };
}

function same(field, words) {
  const wanted = new Set(alternatives(words));
  return ofValue(field, (value) => wanted.has(value));
}

function part(field, words) {
  const wanted = alternatives(words);
  return ofValue(field, (value) => wanted.some((word) => value.includes(word)));
}

function byNumber(field, op, value) {
  const limit = floatOf(value);
  if (limit === null) throw new QueryError(`${field}${op}${value}: '${value}' is no number`);
  return {
    column(index) {
      const column = index.columns[field];
      return (place) => column[place] !== null && COMPARE[op](column[place], limit);
    },
  };
}

function floatOf(text) {
  if (FLOAT.test(text)) return Number(text.replaceAll("_", ""));
  const word = /^([+-]?)(inf|infinity|nan)$/iu.exec(text);
  if (!word) return null;
  return word[2].toLowerCase() === "nan" ? NaN : word[1] === "-" ? -Infinity : Infinity;
}

function expression(pattern) {
  try {
    return pythonPattern(pattern.replaceAll("\\/", "/"));
  } catch (error) {
    throw new QueryError(`/${pattern}/ is no regular expression: ${error.message.split(": ").pop()}`);
  }
}

function anywhere(words) {
  return inTexts("all", wordPattern(words));
}

function inTexts(which, wanted) {
  return { texts: (texts) => wanted.test(texts[which]) };
}
