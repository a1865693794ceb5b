// Where the reader is: `#/`, `#/traces?q=QUERY&sort=tokens&down=1`, `#/trace/ID`. Every view can be linked to.

import { el } from "./dom.js";

/** What the address says. */
export function route() {
  const [path, search] = location.hash.replace(/^#\/?/u, "").split("?");
  const [view, ...rest] = path.split("/");
  const given = new URLSearchParams(search ?? "");
  if (view === "trace") return { view: "trace", id: decoded(rest.join("/")) };
  if (view !== "traces") return { view: "summary" };
  return { view: "list", query: given.get("q") ?? "", sort: given.get("sort") ?? "", down: given.get("down") === "1" };
}

/** The address of the table with a query and an order. */
export function tracesAddress(query, sort = "", down = false) {
  const given = new URLSearchParams();
  if (query) given.set("q", query);
  if (sort) given.set("sort", sort);
  if (sort && down) given.set("down", "1");
  const text = given.toString();
  return `#/traces${text ? `?${text}` : ""}`;
}

/** The address of a trace. */
export function traceAddress(id) {
  return `#/trace/${encodeURIComponent(id)}`;
}

/** A link to the traces that a query wants. */
export function tracesLink(query, name) {
  return el("a", { href: tracesAddress(query), title: query }, name);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
