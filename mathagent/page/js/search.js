// Running a query over all traces without making anybody wait.

import { breathe } from "./dom.js";

const LOOK = 16; // traces between two looks ahead
const REACH = 200; // how many traces ahead
const SLICE = 12; // milliseconds between two chances for the browser to draw

/** Runs queries, one at a time: a new one ends the one before. */
export class Search {
  constructor(index, bodies) {
    this.index = index;
    this.bodies = bodies;
    this.current = 0;
  }

  /**
   * Find what all terms want. `found(places, share)` is called with all hits so far: once at the end with share 1, and
   * before that every few slices while texts are read. Throws where a body can't be had.
   */
  async run(terms, found) {
    const mine = ++this.current;
    const columns = terms.filter((term) => term.column).map((term) => term.column(this.index));
    const texts = terms.filter((term) => term.texts);
    const places = [];
    for (let place = 0; place < this.index.size; place += 1) {
      if (columns.every((holds) => holds(place))) places.push(place);
    }
    if (!texts.length) return found(places, 1);
    const hits = [];
    let [slice, shown] = [performance.now(), performance.now()];
    for (const [done, place] of places.entries()) {
      let read = this.bodies.textsAtHand(place);
      if (!read) {
        if (done % LOOK === 0) this.bodies.ahead(places.slice(done, done + REACH));
        read = await this.bodies.texts(place);
      }
      if (mine !== this.current) return undefined;
      if (texts.every((term) => term.texts(read))) hits.push(place);
      if (performance.now() - slice < SLICE) continue;
      if (performance.now() - shown > 120) {
        found(hits.slice(), done / places.length);
        shown = performance.now();
      }
      await breathe();
      if (mine !== this.current) return undefined;
      slice = performance.now();
    }
    return found(hits, 1);
  }

  /** End what is running. */
  stop() {
    this.current += 1;
  }
}
