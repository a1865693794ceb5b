// The view of all traces: a filter that is read while it is written, and the table of what it wants.

import { button, el } from "./dom.js";
import { count, counted, known, seconds, VERDICTS } from "./format.js";
import { typeset } from "./maths.js";
import { parseQuery, QueryError } from "./query.js";
import { traceAddress, tracesAddress } from "./route.js";
import { Search } from "./search.js";
import { VirtualTable } from "./table.js";

const VERDICT_TERM = /(?:^|\s)-?(?:verdict:)?(?:correct|wrong|undecided|ungraded)(?=\s|$)/gu;
const ALWAYS = ["verdict", "problem", "question", "answer"];
const natural = new Intl.Collator("en", { numeric: true });

/** The view; `places` are the traces in the order in which they are shown, for the way from one to the next. */
export class ListView {
  constructor(head, index, bodies, say) {
    this.index = index;
    this.say = say;
    this.search = new Search(index, bodies);
    this.answers = new Map();
    this.ranks = new Map();
    [this.query, this.sort, this.down] = ["", "", false];
    this.hits = [...index.columns.group.keys()];
    this.places = this.hits;
    this.table = new VirtualTable(this.#columns(), {
      link: (place) => traceAddress(index.get("id", place)),
      sort: (key) => this.#sortBy(key),
      caption: `Traces of ${head.name}`,
    });
    this.input = el("input", {
      type: "search", id: "query", spellcheck: "false", autocomplete: "off", autocapitalize: "off",
      placeholder: "wrong level:5 rounds>=2 code:solve /regex/", "aria-describedby": "query-error",
      on: { input: () => this.#typed(), search: () => this.#typed() },
    });
    this.error = el("p", { class: "error", id: "query-error" });
    this.tally = el("output", { class: "tally", for: "query" });
    this.chips = this.#chips();
    this.element = el("div", { class: "list" },
      el("h1", { class: "unseen" }, "Traces"),
      el("div", { class: "filter", role: "search" },
        el("label", { for: "query" }, "Filter"), this.input,
        el("div", { class: "chips", role: "group", "aria-label": "Verdicts" }, [...this.chips.values()]),
        this.tally, this.error),
      this.table.element);
  }

  /** Show what the address asks for. */
  enter({ query, sort, down }) {
    if (this.input.value !== query) this.input.value = query;
    const order = sort !== this.sort || down !== this.down;
    [this.sort, this.down] = [sort, down];
    if (query !== this.query || !this.begun) this.#filter(query);
    else if (order) this.#show();
  }

  /** The address of what is shown. */
  get address() {
    return tracesAddress(this.query, this.sort, this.down);
  }

  /** Put the cursor into the filter. */
  focus() {
    this.input.focus();
    this.input.select();
  }

  /** The columns of the table, without those that say nothing of any trace. */
  #columns() {
    return this.#allColumns().filter(({ key }) => ALWAYS.includes(key) || says(this.index.columns[key]));
  }

  #allColumns() {
    const { index } = this;
    const text = (key) => (place) => index.get(key, place) ?? "";
    const number = (key) => (place) => known(index.get(key, place), count);
    return [
      { key: "verdict", name: "", title: "Sort by verdict", kind: "sign", cell: (place) => mark(index.get("verdict", place)) },
      { key: "problem", name: "Problem", kind: "link", cell: (place) => index.get("problem", place) || index.get("id", place) },
      { key: "sample", name: "#", title: "Sample", kind: "number sample", cell: text("sample") },
      { key: "question", name: "Text", kind: "question wide-1", cell: text("question") },
      { key: "level", name: "Level", kind: "text wide-2", cell: text("level") },
      { key: "type", name: "Type", kind: "text wide-3", cell: text("type") },
      { key: "answer", name: "Answer", kind: "text", cell: (place) => this.#answer(index.get("answer", place)) },
      { key: "gold", name: "Expected", kind: "text wide-2", cell: (place) => this.#answer(index.get("gold", place)) },
      { key: "finish", name: "Ended by", kind: "text wide-2", cell: (place) => index.get("finish", place).replaceAll("_", " ") },
      { key: "rounds", name: "Rounds", kind: "number wide-1", cell: text("rounds") },
      { key: "errors", name: "Errors", kind: "number wide-3", cell: (place) => index.get("errors", place) || "" },
      { key: "tokens", name: "Tokens", kind: "number", cell: number("tokens") },
      { key: "seconds", name: "Time", kind: "number wide-1", cell: (place) => known(index.get("seconds", place), seconds) },
    ];
  }

  /** An answer, typeset once for all rows that have it. */
  #answer(answer) {
    if (answer === null || !/[\\^_]/u.test(answer) || answer.length > 160) return answer ?? "";
    if (!this.answers.has(answer)) {
      const made = el("span", {}, answer);
      typeset(made, answer, false);
      this.answers.set(answer, made);
    }
    return this.answers.get(answer).cloneNode(true);
  }

  #chips() {
    const counts = {};
    for (const code of this.index.columns.verdict.codes) {
      const verdict = this.index.columns.verdict.values[code];
      counts[verdict] = (counts[verdict] ?? 0) + 1;
    }
    return new Map(Object.keys(VERDICTS).filter((verdict) => counts[verdict]).map((verdict) => {
      const label = [mark(verdict), ` ${verdict} `, el("span", { class: "count" }, count(counts[verdict]))];
      return [verdict, button(label, () => this.#toggle(verdict), { class: "chip", "aria-pressed": "false" })];
    }));
  }

  #toggle(verdict) {
    const pressed = this.chips.get(verdict).getAttribute("aria-pressed") === "true";
    const rest = this.input.value.replace(VERDICT_TERM, "").trim();
    this.input.value = pressed ? rest : `${verdict} ${rest}`.trim();
    this.#typed();
  }

  #typed() {
    this.#filter(this.input.value);
    history.replaceState(null, "", this.address);
  }

  #sortBy(key) {
    const again = this.sort === key;
    if (again && this.down) [this.sort, this.down] = ["", false];
    else [this.sort, this.down] = [key, again];
    history.replaceState(null, "", this.address);
    this.#show();
  }

  async #filter(query) {
    if (!this.begun) this.#draw();
    this.begun = true;
    this.query = query;
    this.element.dataset.state = "reading";
    this.error.textContent = "";
    this.input.removeAttribute("aria-invalid");
    for (const [verdict, chip] of this.chips) {
      chip.setAttribute("aria-pressed", new RegExp(`(?:^|\\s)${verdict}(?=\\s|$)`, "u").test(query));
    }
    try {
      await this.search.run(parseQuery(query), (hits, share) => {
        this.hits = hits;
        this.#show(share);
        if (share === 1) this.table.top();
      });
    } catch (error) {
      if (error instanceof QueryError) this.search.stop();
      this.element.dataset.state = "done";
      this.error.textContent = error.message;
      this.input.setAttribute("aria-invalid", "true");
      this.say(error.message);
    }
  }

  #draw() {
    this.places = this.sort ? this.#sorted(this.hits) : this.hits;
    this.table.show(this.places, { sort: this.sort, down: this.down, keep: this.table.chosen });
  }

  #show(share = 1) {
    this.#draw();
    const found = `${count(this.hits.length)} of ${counted(this.index.size, "trace")}`;
    this.tally.textContent = share < 1 ? `${found}, ${Math.floor(100 * share)}\u202f% read` : found;
    this.element.dataset.state = share < 1 ? "reading" : "done";
    if (share === 1) this.say(found);
  }

  #sorted(places) {
    const column = this.index.columns[this.sort];
    if (!column) return places;
    const rank = column.codes ? this.#rank(this.sort, column) : null;
    const key = rank ? (place) => rank[column.codes[place]] : (place) => column[place] ?? -Infinity;
    const sign = this.down ? -1 : 1;
    return places.slice().sort((one, other) => sign * (key(one) - key(other)) || one - other);
  }

  /** The order of a column's texts, numbers in them as numbers; empty ones last. */
  #rank(name, { values }) {
    if (!this.ranks.has(name)) {
      const order = values.map((_, code) => code).sort((one, other) =>
        Number(!values[one]) - Number(!values[other]) || natural.compare(values[one] ?? "", values[other] ?? ""));
      const rank = new Uint32Array(values.length);
      order.forEach((code, place) => { rank[code] = place; });
      this.ranks.set(name, rank);
    }
    return this.ranks.get(name);
  }
}

function says(column) {
  return (column.codes ? column.values : column).some(Boolean);
}

/** The sign of a verdict, with its name for those who can't see it. */
export function mark(verdict) {
  return el("span", { class: `mark ${verdict}` },
    el("span", { "aria-hidden": "true" }, VERDICTS[verdict].mark), el("span", { class: "unseen" }, verdict));
}
