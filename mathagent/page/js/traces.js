// All traces: the columns of the index, and the bodies that are decoded when they are asked for.

const KEPT_CHUNKS = 12;
const AHEAD = 3; // chunks that are decoded while another one is searched
const KEPT_TEXT = 96e6; // characters of texts that a search keeps for the next one

/** The index: one value of every field for every trace, and which traces are samples of one problem. */
export class Index {
  constructor(head) {
    this.size = head.size;
    this.columns = head.columns;
    this.places = new Map(head.columns.id.codes.map((code, place) => [head.columns.id.values[code], place]));
    this.groups = new Map();
    head.columns.group.forEach((group, place) => {
      if (!this.groups.has(group)) this.groups.set(group, []);
      this.groups.get(group).push(place);
    });
    const { sample } = head.columns;
    for (const places of this.groups.values()) places.sort((one, other) => sample[one] - sample[other]);
  }

  /** The value of a field of a trace. */
  get(field, place) {
    const column = this.columns[field];
    return column.codes ? column.values[column.codes[place]] : column[place];
  }

  /** All samples of the trace's problem, in order. */
  samples(place) {
    return this.groups.get(this.columns.group[place]);
  }
}

/** The bodies: `get` decodes the chunk of a trace, `texts` keeps what a search reads. */
export class Bodies {
  constructor(source, index, perChunk) {
    this.source = source;
    this.index = index;
    this.perChunk = perChunk;
    this.chunks = new Map();
    this.kept = new Map();
    this.room = KEPT_TEXT;
  }

  /** The body of a trace. Fails where the source can't give it, or gives another run's. */
  async get(place) {
    const chunk = await this.#chunk(Math.floor(place / this.perChunk));
    const body = chunk[place % this.perChunk];
    if (!body || body.id !== this.index.get("id", place)) throw new Error("the run has changed: load the page again");
    return body;
  }

  /** The texts of a trace that can be searched, as `mathagent.collection.Texts` has them. */
  async texts(place) {
    return this.kept.get(place) ?? this.#read(place, await this.get(place));
  }

  /** The texts, if no chunk must be decoded for them. */
  textsAtHand(place) {
    return this.kept.get(place);
  }

  /** Begin to decode the chunks of these traces, the first few that are not at hand: the next `texts` waits less. */
  ahead(places) {
    const next = new Set();
    for (const place of places) {
      if (!this.kept.has(place)) next.add(Math.floor(place / this.perChunk));
      if (next.size > AHEAD) break;
    }
    for (const number of next) this.#chunk(number).catch(() => {});
  }

  #read(place, body) {
    const texts = textsOf(body);
    const size = texts.problem.length + texts.prose.length + texts.code.length + texts.output.length;
    if (size <= this.room) {
      this.room -= size;
      this.kept.set(place, texts);
    }
    return texts;
  }

  #chunk(number) {
    let chunk = this.chunks.get(number);
    this.chunks.delete(number); // the last used one is the last in the map
    if (!chunk) {
      chunk = this.source.chunk(number);
      chunk.catch(() => this.chunks.delete(number));
    }
    this.chunks.set(number, chunk);
    if (this.chunks.size > KEPT_CHUNKS) this.chunks.delete(this.chunks.keys().next().value);
    return chunk;
  }
}

function textsOf(body) {
  const of = (...types) => body.steps.filter((step) => types.includes(step.type));
  return {
    problem: body.problem,
    prose: of("text", "choice").map((step) => (step.reasoning ?? "") + (step.raw ?? "")).join(""),
    code: of("code").map((step) => step.code ?? "").join("\n"),
    output: of("output").map((step) => step.shown ?? "").join("\n"),
    get all() {
      return [this.problem, this.prose, this.code, this.output].join("\n");
    },
  };
}
