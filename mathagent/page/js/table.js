// The table of traces: only the rows in sight are elements, whatever the number of traces.

import { button, el } from "./dom.js";

const ROW = 30; // pixels; css/list.css has the same
const BEYOND = 10; // rows above and below what is in sight

/**
 * A table. `columns` are `{ key, name, title, kind, cell(place) }`; `link(place)` is the address of a row's trace and
 * stands in the column of kind "link"; `sort(key)` is called when a head is pressed.
 */
export class VirtualTable {
  constructor(columns, { link, sort, caption }) {
    this.columns = columns;
    this.link = link;
    this.places = [];
    this.active = 0;
    this.drawn = new Map(); // position -> row
    this.heads = columns.map((column) =>
      el("th", { scope: "col", class: column.kind }, button(column.name, () => sort(column.key), { title: column.title })));
    this.above = this.#space();
    this.below = this.#space();
    this.body = el("tbody", { on: { click: (event) => this.#click(event), focusin: (event) => this.#focused(event) } });
    this.table = el("table", { class: "traces" },
      el("caption", { class: "unseen" }, caption),
      el("colgroup", {}, columns.map((column) => el("col", { class: `col-${column.key}` }))),
      el("thead", {}, el("tr", { "aria-rowindex": 1 }, this.heads)),
      this.body);
    this.element = el("div", { class: "scroll", on: { scroll: () => this.#later() } }, this.table);
    new ResizeObserver(() => this.#draw()).observe(this.element);
  }

  /** Show these traces, in this order. The row of `keep` stays the chosen one, if it is among them. */
  show(places, { sort, down, keep }) {
    this.places = places;
    this.active = Math.max(0, keep === undefined ? 0 : places.indexOf(keep));
    this.table.setAttribute("aria-rowcount", places.length + 1);
    this.columns.forEach((column, number) => {
      const order = column.key === sort ? (down ? "descending" : "ascending") : null;
      if (order) this.heads[number].setAttribute("aria-sort", order);
      else this.heads[number].removeAttribute("aria-sort");
    });
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
    this.#draw();
  }

  /** Back to the first row. */
  top() {
    this.element.scrollTop = 0;
  }

  /** Choose the row so many further on, and go to it. */
  move(rows) {
    this.choose(this.active + rows, true);
  }

  /** Choose a row by its position; with `focus` its link gets the focus. */
  choose(position, focus = false) {
    if (!this.places.length) return;
    this.active = Math.min(this.places.length - 1, Math.max(0, position));
    const top = this.active * ROW;
    const sight = this.element.clientHeight - this.#headHeight();
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + ROW > this.element.scrollTop + sight) this.element.scrollTop = top + ROW - sight;
    this.#draw();
    if (focus) this.drawn.get(this.active)?.querySelector("a")?.focus({ preventScroll: true });
  }

  /** The trace of the chosen row. */
  get chosen() {
    return this.places[this.active];
  }

  /** Rows that are in sight at once. */
  get page() {
    return Math.max(1, Math.floor(this.element.clientHeight / ROW) - 2);
  }

  #space() {
    return el("tr", { class: "space", "aria-hidden": "true" }, el("td"));
  }

  #headHeight() {
    return this.table.tHead.offsetHeight;
  }

  #later() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.#draw();
    });
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW) - BEYOND);
    const last = Math.min(this.places.length, first + Math.ceil(this.element.clientHeight / ROW) + 2 * BEYOND);
    const wanted = new Set();
    for (let position = first; position < last; position += 1) wanted.add(position);
    for (const [position, row] of this.drawn) {
      if (wanted.has(position) || row.contains(document.activeElement)) continue;
      row.remove();
      this.drawn.delete(position);
    }
    for (const position of wanted) if (!this.drawn.has(position)) this.drawn.set(position, this.#row(position));
    const shown = [...this.drawn.keys()].sort((one, other) => one - other);
    const rows = shown.filter((position) => wanted.has(position)).map((position) => this.drawn.get(position));
    this.#place(rows);
    this.above.firstChild.style.height = `${first * ROW}px`;
    this.below.firstChild.style.height = `${(this.places.length - last) * ROW}px`;
    for (const [position, row] of this.drawn) this.#mark(row, position === this.active);
  }

  /** Put the rows into the body in order, moving none that is there: a moved row would lose the focus. */
  #place(rows) {
    let next = this.body.firstChild;
    for (const row of [this.above, ...rows, this.below]) {
      if (row === next) next = next.nextSibling;
      else this.body.insertBefore(row, next);
    }
    while (next) {
      const gone = next;
      next = next.nextSibling;
      if (gone.contains(document.activeElement)) this.heads[0].querySelector("button").focus({ preventScroll: true });
      gone.remove();
      this.drawn.delete(Number(gone.getAttribute("aria-rowindex")) - 2);
    }
  }

  #row(position) {
    const place = this.places[position];
    return el("tr", { "aria-rowindex": position + 2 },
      this.columns.map((column) => {
        const content = column.cell(place);
        if (column.kind !== "link") return el("td", { class: column.kind }, content);
        return el("th", { scope: "row", class: column.kind }, el("a", { href: this.link(place), tabindex: -1 }, content));
      }));
  }

  #mark(row, active) {
    row.classList.toggle("active", active);
    row.querySelector("a").tabIndex = active ? 0 : -1;
  }

  #positionOf(event) {
    const row = event.target.closest("tr[aria-rowindex]");
    return row && this.body.contains(row) ? Number(row.getAttribute("aria-rowindex")) - 2 : null;
  }

  #focused(event) {
    const position = this.#positionOf(event);
    if (position === null || position === this.active) return;
    this.active = position;
    for (const [each, row] of this.drawn) this.#mark(row, each === position);
  }

  #click(event) {
    const position = this.#positionOf(event);
    if (position === null || event.target.closest("a") || String(getSelection())) return;
    location.hash = this.link(this.places[position]);
  }
}
