// The page: reads the head of the data, then shows what the address asks for.

import { el } from "./dom.js";
import { startHelp } from "./help.js";
import { startKeys } from "./keys.js";
import { ListView } from "./list.js";
import { route } from "./route.js";
import { openSource } from "./source.js";
import { summaryView } from "./summary.js";
import { startTheme } from "./theme.js";
import { TraceView } from "./trace.js";
import { Bodies, Index } from "./traces.js";

const byId = (id) => document.getElementById(id);
const main = byId("main");

function say(text) {
  byId("said").textContent = text;
}

function failed(error) {
  main.replaceChildren(el("div", { class: "loading", role: "alert" }, error.message));
}

/** Put a view on the page; its heading is the window's title, and the reader of a screen goes on from the top. */
function put(element, view, title) {
  document.title = title;
  document.body.dataset.view = view;
  for (const link of document.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (main.firstChild === element) return;
  main.replaceChildren(element);
}

async function start() {
  const theme = startTheme(byId("theme"));
  const help = startHelp(byId("keys"), byId("help"));
  const source = openSource();
  const head = await source.head();
  const index = new Index(head);
  const bodies = new Bodies(source, index, head.chunk);
  const list = new ListView(head, index, bodies, say);
  const trace = new TraceView(index, bodies, () => list.places);
  let summary;
  byId("name").textContent = head.name;

  const show = {
    summary() {
      summary ??= summaryView(head);
      put(summary, "summary", `${head.name} · mathagent`);
      main.scrollTop = 0;
    },
    list(wanted) {
      put(list.element, "list", `Traces of ${head.name} · mathagent`);
      list.enter(wanted);
      document.querySelector("nav [data-view=list]").href = list.address;
      list.table.choose(list.table.active);
    },
    async trace({ id }) {
      await trace.enter(id);
      put(trace.element, "trace", `${index.get("problem", trace.place) || id} · ${head.name}`);
      main.scrollTop = 0;
      main.focus({ preventScroll: true });
      list.table.active = Math.max(0, list.places.indexOf(trace.place));
      say(`${index.get("verdict", trace.place)}, ${index.get("problem", trace.place)}`);
    },
  };
  const enter = () => {
    const wanted = route();
    return Promise.resolve(show[wanted.view](wanted)).catch(failed);
  };
  const go = (address) => () => { location.hash = address; };
  const toFilter = () => {
    if (route().view !== "list") location.hash = list.address;
    setTimeout(() => list.focus(), 0);
  };
  const everywhere = { "/": toFilter, "?": help, t: theme, 1: go("#/"), 2: () => go(list.address)() };
  const inView = {
    summary: {},
    list: {
      j: () => list.table.move(1), k: () => list.table.move(-1),
      ArrowDown: () => list.table.move(1), ArrowUp: () => list.table.move(-1),
      PageDown: () => list.table.move(list.table.page), PageUp: () => list.table.move(-list.table.page),
      Home: () => list.table.choose(0, true), End: () => list.table.choose(list.places.length - 1, true),
      Enter: () => trace.go(list.table.chosen),
    },
    trace: {
      j: () => trace.go(trace.neighbour(1)), k: () => trace.go(trace.neighbour(-1)),
      w: () => trace.go(trace.neighbour(1, "wrong")), W: () => trace.go(trace.neighbour(-1, "wrong")),
      "[": () => trace.go(trace.sibling(-1)), "]": () => trace.go(trace.sibling(1)),
      s: () => trace.toggleSource(), u: () => go(list.address)(), Escape: () => go(list.address)(),
    },
  };
  startKeys((key, typing) => {
    const { view } = route();
    if (typing) return { Enter: () => list.table.choose(0, true), ArrowDown: () => list.table.choose(0, true), Escape: () => list.table.choose(list.table.active, true) }[key];
    return inView[view][key] ?? everywhere[key];
  });
  addEventListener("hashchange", enter);
  await enter();
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

start().catch(failed);
