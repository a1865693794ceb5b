// Plots as SVG. A figure has a title, the plot at the width there is, and the same numbers as a table below it.

import { el, svg } from "./dom.js";
import { count, percent, VERDICTS } from "./format.js";

const LINE = 26; // pixels of a row
const AXIS = 22;

/**
 * A figure. `draw(width)` makes the SVG's children and its height; `table` is [head, ...rows] of strings or elements.
 * `label` says in a sentence what the plot shows.
 */
export function figure({ title, note, label, legend, draw, table }) {
  const plot = el("div", { class: "plot" });
  const id = `figure-${title.toLowerCase().replace(/\W+/gu, "-")}`;
  new ResizeObserver(() => {
    const width = Math.floor(plot.clientWidth);
    if (width < 80 || Number(plot.dataset.width) === width) return;
    plot.dataset.width = width;
    const { height, marks } = draw(width);
    const picture = { role: "img", "aria-label": label, width, height, viewBox: `0 0 ${width} ${height}` };
    plot.replaceChildren(svg("svg", picture, marks));
  }).observe(plot);
  return el(
    "section",
    { class: "figure", "aria-labelledby": id },
    el("h2", { id }, title),
    note ? el("p", { class: "note" }, note) : null,
    legend ? el("ul", { class: "legend" }, legend.map(([kind, name]) => el("li", { class: kind }, name))) : null,
    plot,
    el("details", {}, el("summary", {}, "As a table"), el("div", { class: "wide", role: "group", "aria-labelledby": id, tabindex: 0 }, numbers(table))),
  );
}

/** A table of numbers; the first column names the rows. */
export function numbers([head, ...rows]) {
  return el(
    "table",
    { class: "numbers" },
    el("thead", {}, el("tr", {}, head.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows.map(([name, ...cells]) =>
      el("tr", {}, el("th", { scope: "row" }, name), cells.map((cell) => el("td", {}, cell))))),
  );
}

/** Shares in percent with their intervals: rows `{ name, points: [{ value, low, high, text }] }`. */
export function intervals(rows, width) {
  const left = labelWidth(rows, width);
  const right = 52;
  const x = (value) => left + ((width - left - right) * value) / 100;
  const height = rows.length * LINE + AXIS;
  const marks = [0, 25, 50, 75, 100].map((tick) => [
    svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 0, y2: height - AXIS }),
    text("axis", x(tick), height - 6, String(tick), "middle"),
  ]);
  rows.forEach(({ name, points }, row) => {
    const middle = row * LINE + LINE / 2;
    marks.push(text("name", left - 10, middle + 4, shortened(name, left), "end"));
    points.forEach((point, series) => {
      const y = middle + (points.length > 1 ? series * 8 - 4 : 0);
      marks.push(
        svg("g", { class: `series-${series}` },
          svg("title", {}, point.text),
          svg("line", { class: "whisker", x1: x(point.low), x2: x(point.high), y1: y, y2: y }),
          svg("circle", { class: "dot", cx: x(point.value), cy: y, r: 4 })),
      );
    });
    const first = points[0];
    if (first) marks.push(text("value", width - 4, middle + 4, first.value.toFixed(1), "end"));
  });
  return { height, marks };
}

/** Standing bars, stacked by verdict. */
export function columns(bars, width, { height = 190, every = 1 } = {}) {
  const left = 40;
  const most = Math.max(1, ...bars.map(total));
  const step = roundStep(most / 4);
  const top = Math.ceil(most / step) * step;
  const y = (value) => 8 + (height - 8 - AXIS) * (1 - value / top);
  const slot = (width - left - 4) / bars.length;
  const marks = [];
  for (let tick = 0; tick <= top; tick += step) {
    marks.push(svg("line", { class: "grid", x1: left, x2: width, y1: y(tick), y2: y(tick) }));
    marks.push(text("axis", left - 6, y(tick) + 4, count(tick), "end"));
  }
  bars.forEach((bar, place) => {
    const x = left + place * slot + slot * 0.12;
    let sum = 0;
    const parts = Object.keys(VERDICTS).filter((verdict) => bar[verdict]).map((verdict) => {
      const [from, to] = [sum, (sum += bar[verdict])];
      return svg("rect", { class: verdict, x, width: slot * 0.76, y: y(to), height: Math.max(0.5, y(from) - y(to)) });
    });
    marks.push(svg("g", {}, svg("title", {}, told(bar)), parts));
    if (place % every === 0) {
      marks.push(text("axis", left + (place + 0.5) * slot, height - 6, bar.label ?? bar.name, "middle"));
    }
  });
  return { height, marks };
}

/** Lying bars, stacked by the given parts: `{ name, values }` with a number for each class of `parts`. */
export function lying(rows, parts, width, format) {
  const left = labelWidth(rows, width);
  const right = 64;
  const sums = rows.map(({ values }) => parts.reduce((sum, part) => sum + values[part], 0));
  const most = Math.max(...sums, 1e-9);
  const marks = rows.map(({ name, values, title }, row) => {
    const y = row * LINE;
    let x = left;
    const pieces = parts.filter((part) => values[part]).map((part) => {
      const wide = ((width - left - right) * values[part]) / most;
      const piece = svg("rect", { class: part, x, y: y + 5, width: Math.max(1, wide), height: LINE - 10 });
      x += wide;
      return piece;
    });
    return svg("g", {}, svg("title", {}, title ?? name),
      text("name", left - 10, y + LINE / 2 + 4, shortened(name, left), "end"),
      pieces,
      text("value", x + 6, y + LINE / 2 + 4, format(sums[row]), "start"));
  });
  return { height: rows.length * LINE + 4, marks };
}

/** The samples of a bar. */
export function total(bar) {
  return Object.keys(VERDICTS).reduce((sum, verdict) => sum + bar[verdict], 0);
}

/** A bar in words. */
export function told(bar) {
  const parts = Object.keys(VERDICTS).filter((verdict) => bar[verdict]);
  const share = bar.correct && total(bar) ? `, ${percent((100 * bar.correct) / total(bar))} correct` : "";
  return `${bar.name}: ${parts.map((verdict) => `${count(bar[verdict])} ${verdict}`).join(", ") || "none"}${share}`;
}

function text(kind, x, y, content, anchor) {
  return svg("text", { class: kind, x, y, "text-anchor": anchor }, content);
}

function labelWidth(rows, width) {
  const longest = Math.max(...rows.map(({ name }) => name.length), 4);
  return Math.min(18 + longest * 6.6, width * 0.4);
}

function shortened(name, left) {
  const room = Math.floor((left - 14) / 6.4);
  return name.length <= room ? name : `${name.slice(0, Math.max(1, room - 1))}…`;
}

function roundStep(least) {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(least)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= least) ?? 1;
}
