// Elements from values. Text is always a text node: there is no way from a string to markup in this page.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Attributes: `class`, `on` (listeners), `style` (properties), anything else as it is; null leaves out. */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (key === "style") {
      for (const [property, each] of Object.entries(value)) element.style.setProperty(property, each);
    } else {
      element.setAttribute(key, value === true ? "" : String(value));
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** A button that does something. */
export function button(label, click, attributes = {}) {
  return el("button", { type: "button", ...attributes, on: { click } }, label);
}

/** Let the browser draw and react; the rest goes on after. */
export function breathe() {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
