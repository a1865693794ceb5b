// The numbers of the run: the same as `mathagent report` prints, and how the samples spread.

import { columns, figure, intervals, lying, numbers, told, total } from "./charts.js";
import { el } from "./dom.js";
import { asked, count, counted, percent, seconds, VERDICTS } from "./format.js";
import { tracesLink } from "./route.js";

const TIME = [["model", "in the model"], ["kernel", "in kernels"], ["other", "waiting"]];

/** The view. */
export function summaryView(head) {
  const { summary } = head;
  return el(
    "div",
    { class: "summary" },
    el("h1", {}, summary.data || head.name),
    el("p", { class: "about" }, about(head)),
    subset(head),
    tiles(summary),
    notes([...summary.notes, ...head.notices]),
    summary.overall.metrics.length ? accuracies(summary) : null,
    el("div", { class: "figures" }, figures(head)),
  );
}

function about({ summary, settings, version }) {
  const { problems, samples } = summary.overall.counts;
  const sampling = Object.entries(settings.sampling ?? {})
    .filter(([, value]) => ["string", "number"].includes(typeof value))
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`);
  return [
    summary.model, `${counted(problems, "problem")} × ${counted(summary.k, "sample")}`, counted(samples, "trace"),
    ...sampling, `mathagent ${version}`,
  ].filter(Boolean).join(" · ");
}

function subset({ asked: query, size, all }) {
  if (!query) return null;
  const text = `The table has the ${counted(size, "trace")} of ${count(all)} that `;
  return el("p", { class: "note" }, text, el("code", {}, query), " wants; the numbers here are those of all.");
}

function tiles({ overall, usage, k }) {
  const { counts, metrics } = overall;
  const shown = metrics.filter((each, place) => place === 0 || each.evaluation_mode === `maj@${k}`);
  const samples = Math.max(1, counts.samples);
  const errors = counts.code_errors + counts.code_timeouts + counts.kernel_deaths;
  const items = [
    ...shown.map((metric) => [metric.evaluation_mode, percent(metric.symbolic_correct),
      `${metric.ci_low.toFixed(1)} to ${metric.ci_high.toFixed(1)} at 95 %`]),
    counts.correct + counts.wrong + counts.undecided === 0 ? ["verdicts", "–", "no trace is graded"] : [
      "verdicts", count(counts.correct),
      `correct, ${count(counts.wrong)} wrong${counts.undecided ? `, ${count(counts.undecided)} undecided` : ""}`],
    usage.generated_tokens ? ["tokens", count(usage.generated_tokens / samples),
      `a trace, ${count(usage.generated_tokens)} in all`] : null,
    usage.seconds ? ["time", seconds(usage.seconds / samples), `a trace, ${seconds(usage.model_seconds / samples)} in the model`] : null,
    ["code", (usage.code_rounds / samples).toFixed(2), `rounds a trace, ${errors ? count(errors) : "none"} with an error`],
  ];
  return el("dl", { class: "tiles" }, items.filter(Boolean).map(([name, value, more]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, el("strong", {}, value), el("span", {}, more)))));
}

function notes(lines) {
  return lines.length ? el("ul", { class: "notes" }, lines.map((line) => el("li", {}, line))) : null;
}

function accuracies({ overall }) {
  const rows = overall.metrics.map((metric) => [
    metric.evaluation_mode, `${metric.symbolic_correct.toFixed(2)} %`,
    `${metric.ci_low.toFixed(1)} to ${metric.ci_high.toFixed(1)}`, metric.method,
    count(metric.num_entries), `${metric.no_answer.toFixed(2)} %`,
  ]);
  return el("section", { class: "figure whole", "aria-labelledby": "accuracy" },
    el("h2", { id: "accuracy" }, "Accuracy"),
    el("div", { class: "wide", role: "group", "aria-labelledby": "accuracy", tabindex: 0 },
      numbers([["measure", "correct", "95 % interval", "method", "problems", "no answer"], ...rows])));
}

function figures({ summary, distributions }) {
  const { rounds, tokens, finish, agreement, time } = distributions;
  return [
    grouped("Accuracy by level", summary.by_level, summary.k, "level"),
    grouped("Accuracy by type", summary.by_type, summary.k, "type"),
    rounds.length ? standing("Code rounds", "Traces by the number of code blocks that ran.", "rounds", rounds,
      (bar) => `rounds=${bar.low}`) : null,
    tokens.length ? standing("Tokens", "Traces by the tokens that the model generated.", "tokens",
      tokens.map((bar) => ({ ...bar, label: short(bar.low) })),
      (bar) => `tokens>=${bar.low} tokens<${bar.high}`) : null,
    time.length ? spent(time) : null,
    finish.length ? endings(finish) : null,
    agreement.length ? standing("Vote agreement",
      "Problems by the share of their votes that the winning answer has, coloured by its verdict.", "share", agreement,
      null, "problems") : null,
  ];
}

function grouped(title, groups, k, field) {
  if (!groups.some((group) => group.metrics.length)) return null;
  const modes = groups.flatMap((group) => group.metrics).map((metric) => metric.evaluation_mode);
  const chosen = [modes[0], ...(k > 1 && modes.includes(`maj@${k}`) ? [`maj@${k}`] : [])];
  const found = (group, mode) => group.metrics.find((metric) => metric.evaluation_mode === mode);
  const sentence = (metric) =>
    `${percent(metric.symbolic_correct)}, ${metric.ci_low.toFixed(1)} to ${metric.ci_high.toFixed(1)}`;
  const rows = groups.map((group) => ({
    name: group.name,
    points: chosen.map((mode) => found(group, mode)).filter(Boolean).map((metric) => ({
      value: metric.symbolic_correct, low: metric.ci_low, high: metric.ci_high,
      text: `${group.name}, ${metric.evaluation_mode}: ${sentence(metric)} (${counted(metric.num_entries, "problem")})`,
    })),
  }));
  return figure({
    title,
    note: "Percent correct, with 95 % intervals.",
    label: `${title}: ${rows.map(({ name, points }) => `${name} ${points[0]?.value.toFixed(1) ?? "–"}`).join(", ")}`,
    legend: chosen.map((mode, series) => [`series-${series}`, mode]),
    draw: (width) => intervals(rows, width),
    table: [[field, "problems", ...chosen.flatMap((mode) => [mode, "95 % interval"])],
      ...groups.map((group) => [
        group.name === "not given" ? group.name : tracesLink(asked(field, group.name), group.name),
        count(group.counts.problems),
        ...chosen.flatMap((mode) => {
          const metric = found(group, mode);
          return metric ? [metric.symbolic_correct.toFixed(2), sentence(metric).split(", ")[1]] : ["–", "–"];
        }),
      ])],
  });
}

function standing(title, note, unit, bars, query, of = "traces") {
  return figure({
    title,
    note,
    label: `${title}: ${bars.filter(total).map(told).join("; ")}`,
    legend: verdictsOf(bars),
    draw: (width) => columns(bars, width, { every: Math.ceil((bars.length * 44) / (width - 44)) }),
    table: verdictTable(unit, bars, query, of),
  });
}

function endings(bars) {
  const rows = bars.map((bar) => ({ name: bar.name.replaceAll("_", " "), values: bar, title: told(bar) }));
  return figure({
    title: "How they ended",
    note: "Traces by the reason for their end.",
    label: `Endings: ${bars.map(told).join("; ")}`,
    legend: verdictsOf(bars),
    draw: (width) => lying(rows, Object.keys(VERDICTS), width, count),
    table: verdictTable("ending", bars, (bar) => (bar.name.includes(" ") ? null : `finish:${bar.name}`), "traces"),
  });
}

function spent(time) {
  const told = (each) => TIME.map(([part, name]) => `${seconds(each[part])} ${name}`).join(", ");
  const rows = time.map((each) => ({ name: each.name, values: each, title: `${each.name}: ${told(each)}` }));
  return figure({
    title: "Time",
    note: "Mean seconds of a trace, all of them and by the number of code rounds.",
    label: `Time of a trace: ${rows.map(({ title }) => title).join("; ")}`,
    legend: TIME,
    draw: (width) => lying(rows, TIME.map(([part]) => part), width, seconds),
    table: [["traces", "number", ...TIME.map(([, name]) => name)],
      ...time.map((each) => [each.name, count(each.samples), ...TIME.map(([part]) => seconds(each[part]))])],
  });
}

function verdictTable(unit, bars, query, of) {
  return [[unit, of, ...verdictsOf(bars).map(([, name]) => name)],
    ...bars.filter(total).map((bar) => {
      const asks = query?.(bar);
      return [asks ? tracesLink(asks, bar.name) : bar.name, count(total(bar)),
        ...verdictsOf(bars).map(([verdict]) => count(bar[verdict]))];
    })];
}

function verdictsOf(bars) {
  return Object.entries(VERDICTS).filter(([verdict]) => bars.some((bar) => bar[verdict]))
    .map(([verdict, { name }]) => [verdict, name]);
}

function short(number) {
  return number >= 1000 ? `${+(number / 1000).toFixed(1)}k` : String(number);
}
