// Numbers for people.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** 12,345 */
export function count(number) {
  return whole.format(number);
}

/** "1 trace", "2 traces" */
export function counted(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}

/** 72.4 % with a narrow space; the number is percent already. */
export function percent(number, digits = 1) {
  return `${number.toFixed(digits)}\u202f%`;
}

/** 0.04 s, 12.3 s, 3 min 20 s, 2 h 5 min */
export function seconds(number) {
  if (number < 10) return `${number.toFixed(2)} s`;
  if (number < 90) return `${number.toFixed(1)} s`;
  const minutes = Math.floor(number / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(number % 60)} s`;
  return `${whole.format(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** A value in a form of the above; nothing where nobody knows it. */
export function known(value, form) {
  return value === null || value === undefined ? "" : form(value);
}

export const VERDICTS = {
  correct: { mark: "✓", name: "correct" },
  wrong: { mark: "✗", name: "wrong" },
  undecided: { mark: "?", name: "undecided" },
  ungraded: { mark: "–", name: "ungraded" },
};

/** A field of a query that asks for exactly this value. */
export function asked(field, value) {
  return /^[^\s"/,]+$/u.test(value) ? `${field}:${value}` : `${field}:"${value}"`;
}
