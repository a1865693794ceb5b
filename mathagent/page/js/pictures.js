// Pictures that a cell displayed. Only as the source of an img element: no script of an SVG runs there, and none loads.

import { el } from "./dom.js";
import { formula, formulas } from "./maths.js";

const BINARY = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** What a cell displayed: a picture, its LaTeX, or nothing. */
export function displayed({ mime, data, alt, latex }, number) {
  const source = mime && address(mime, data);
  if (source) return el("img", { src: source, alt: alt || `picture ${number}`, loading: "lazy" });
  if (!latex) return null;
  const bare = latex.replace(/\\displaystyle\s*/gu, "");
  return el("div", { class: "latex" }, formulas(bare).map((each) => (typeof each === "string" ? each : formula(each))));
}

function address(mime, data) {
  if (BINARY.includes(mime)) {
    const base64 = data.replace(/\s+/gu, "");
    return /^[A-Za-z0-9+/]+={0,2}$/u.test(base64) ? `data:${mime};base64,${base64}` : null;
  }
  return mime === "image/svg+xml" ? `data:image/svg+xml;charset=utf-8,${encodeURIComponent(data)}` : null;
}
