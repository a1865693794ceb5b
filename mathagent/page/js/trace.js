// The view of one trace: its problem, what the model did, the answer, and the other samples of the problem.

import { button, el } from "./dom.js";
import { count, counted, known, seconds } from "./format.js";
import { mark } from "./list.js";
import { forget, formula } from "./maths.js";
import { prose } from "./prose.js";
import { traceAddress } from "./route.js";
import { stepItems } from "./steps.js";

const PARTS = [["model", "model_seconds"], ["kernel", "kernel_seconds"]];

/** The view. `order()` gives the traces in the order of the table. */
export class TraceView {
  constructor(index, bodies, order) {
    this.index = index;
    this.bodies = bodies;
    this.order = order;
    this.source = false;
    this.element = el("article", { class: "trace" });
  }

  /** Show a trace. Throws where there is none of that id, or its body can't be had. */
  async enter(id) {
    const place = this.index.places.get(id);
    if (place === undefined) throw new Error(`there is no trace ${id} on this page`);
    this.place = place;
    const body = await this.bodies.get(place);
    if (this.place !== place) return;
    this.body = body;
    this.#draw();
    const next = this.neighbour(1);
    if (next !== undefined) this.bodies.get(next).catch(() => {});
  }

  /** The trace before (-1) or after (1) this one in the table, with this verdict if one is given. */
  neighbour(direction, verdict) {
    const order = this.order();
    const here = order.indexOf(this.place);
    if (here < 0) return verdict ? undefined : order[0];
    for (let at = here + direction; at >= 0 && at < order.length; at += direction) {
      if (!verdict || this.index.get("verdict", order[at]) === verdict) return order[at];
    }
    return undefined;
  }

  /** The sample before or after this one of the same problem. */
  sibling(direction) {
    const samples = this.index.samples(this.place);
    return samples[samples.indexOf(this.place) + direction];
  }

  /** Go to a trace, if there is one. */
  go(place) {
    if (place !== undefined) location.hash = traceAddress(this.index.get("id", place));
  }

  /** The reply as mathematics, or as the text that the model wrote. */
  toggleSource() {
    this.source = !this.source;
    this.#steps();
  }

  #get(field) {
    return this.index.get(field, this.place);
  }

  #draw() {
    forget();
    this.steps = el("ol", { class: "steps" });
    this.toggle = button("", () => this.toggleSource(), { class: "source" });
    this.element.replaceChildren(
      this.#top(),
      el("div", { class: "columns" },
        el("div", { class: "reading" },
          el("section", { class: "problem", "aria-labelledby": "problem" }, el("h2", { id: "problem" }, "Problem"), prose(this.body.problem)),
          el("section", { "aria-labelledby": "reply" }, el("div", { class: "label" }, el("h2", { id: "reply" }, "Reply"), this.toggle), this.steps),
          this.#ending(),
          this.#sent()),
        this.#aside()));
    this.#steps();
  }

  #steps() {
    this.toggle.textContent = this.source ? "Show as mathematics" : "Show the source";
    this.steps.classList.toggle("as-source", this.source);
    this.steps.replaceChildren(...stepItems(this.body.steps, this.source));
  }

  #top() {
    const samples = this.index.samples(this.place);
    const order = this.order();
    const where = order.indexOf(this.place);
    const step = (label, keys, place) =>
      button(label, () => this.go(place), { disabled: place === undefined, "aria-keyshortcuts": keys, title: `Key ${keys}` });
    const [back, on] = ["‹ ", " ›"].map((arrow) => el("span", { "aria-hidden": "true" }, arrow));
    const wrong = (way) => [el("span", { class: "unseen" }, `${way} `), "wrong"];
    return el("header", { class: "top" },
      el("h1", {}, mark(this.#get("verdict")), el("bdi", {}, this.#get("problem") || this.#get("id")),
        samples.length > 1 ? el("span", { class: "quiet" }, `sample ${this.#get("sample")}, of ${samples.length}`) : null),
      el("nav", { "aria-label": "Other traces" },
        where < 0 ? null : el("span", { class: "quiet" }, `${count(where + 1)} of ${count(order.length)}`),
        step([back, "Previous"], "k", this.neighbour(-1)), step(["Next", on], "j", this.neighbour(1)),
        step([back.cloneNode(true), wrong("Previous")], "Shift+w", this.neighbour(-1, "wrong")),
        step([wrong("Next"), on.cloneNode(true)], "w", this.neighbour(1, "wrong"))));
  }

  #ending() {
    const [answer, gold, verdict] = ["answer", "gold", "verdict"].map((field) => this.#get(field));
    const lines = [
      ["Answer", answer === null ? "none" : value(answer)],
      gold === null ? null : ["Expected", value(gold)],
      ["Verdict", [mark(verdict), ` ${verdict}`, this.body.grade ? el("span", { class: "quiet" }, ` ${this.body.grade}`) : null]],
      ["Ended by", [this.#get("finish").replaceAll("_", " "), this.body.detail ? el("span", { class: "quiet" }, ` ${this.body.detail}`) : null]],
    ];
    return el("section", { class: `ending ${verdict}`, "aria-labelledby": "ending" },
      el("h2", { id: "ending" }, "Answer"), pairs(lines.filter(Boolean)));
  }

  /** What the model was sent, and the settings: there for who needs them, out of the way of others. */
  #sent() {
    const { messages, about } = this.body;
    return el("section", { class: "more", "aria-label": "Prompt and settings" },
      messages.length ? el("details", {}, el("summary", {}, `Prompt, ${counted(messages.length, "message")}`),
        messages.map(({ role, content }) => [el("h3", {}, role), el("pre", { tabindex: 0 }, content)])) : null,
      el("details", {}, el("summary", {}, "Settings"), pairs(Object.entries(about))));
  }

  #aside() {
    return el("aside", { "aria-label": "About this trace" }, this.#samples(), this.#figures());
  }

  #samples() {
    const samples = this.index.samples(this.place);
    if (samples.length < 2) return null;
    const tokens = (place) => known(this.index.get("tokens", place), (number) => `${count(number)} tokens`);
    return el("section", { "aria-labelledby": "samples" }, el("h2", { id: "samples" }, `Samples, ${samples.length}`),
      el("ol", { class: "samples" }, samples.map((place) =>
        el("li", {}, el("a", {
          href: traceAddress(this.index.get("id", place)), "aria-current": place === this.place ? "page" : null,
        }, mark(this.index.get("verdict", place)), el("span", { class: "answer" }, short(this.index.get("answer", place))),
        el("span", { class: "quiet" }, tokens(place)))))));
  }

  #figures() {
    const { usage } = this.body;
    const get = (field) => this.#get(field);
    const cached = usage.cached_tokens === null || !usage.prompt_tokens ? null
      : ["Cached", `${Math.round((100 * usage.cached_tokens) / usage.prompt_tokens)}\u202f% of what was sent`];
    const reward = get("reward");
    const rows = [
      ["Tokens", [known(get("tokens"), (number) => `${count(number)} written`),
        known(get("prompt_tokens"), (number) => `${count(number)} sent`)].filter(Boolean).join(", ")],
      cached,
      ["Requests", usage.requests ? count(usage.requests) : ""],
      ["Code", counted(get("rounds"), "round") + (get("errors") ? `, ${counted(get("errors"), "error")}` : "")],
      ["Level", get("level")], ["Type", get("type")], ["Data set", get("dataset")],
      reward === null ? null : ["Reward", String(reward)],
      ["Model", get("model") ?? ""],
      ["Started", known(get("started"), (text) => text.replace("T", " ").replace(/\.\d+.*$/u, " UTC"))], ["Trace", get("id")],
    ];
    return el("section", { "aria-labelledby": "figures" }, el("h2", { id: "figures" }, "Figures"), this.#time(),
      pairs(rows.filter((row) => row && row[1] !== "")));
  }

  /** Wall time, and how much of it was the model's and the kernel's. */
  #time() {
    const wall = this.#get("seconds");
    if (wall === null) return null;
    const spent = PARTS.map(([kind, field]) => [kind, this.#get(field)]);
    const all = Math.max(wall, spent[0][1] + spent[1][1], 1e-9);
    const rest = Math.max(0, wall - spent[0][1] - spent[1][1]);
    return el("div", { class: "time" },
      el("div", { class: "split", "aria-hidden": "true" }, spent.map(([kind, took]) => el("span", { class: kind, style: { width: `${(100 * took) / all}%` } }))),
      el("p", {}, el("strong", {}, seconds(wall)), ` ${seconds(spent[0][1])} in the model, ${seconds(spent[1][1])} in the kernel, ${seconds(rest)} waiting`));
  }
}

function pairs(rows) {
  return el("dl", { class: "pairs" }, rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/** An answer as a formula, where it looks like one. */
function value(answer) {
  return /[\\^_]/u.test(answer) ? formula({ tex: answer, display: false, source: answer }) : el("bdi", {}, answer);
}

function short(answer) {
  if (answer === null) return "no answer";
  return answer.length > 40 ? `${answer.slice(0, 39)}…` : value(answer);
}
