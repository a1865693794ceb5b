"""`python -m tests.page.ten_thousand [N]`: how fast the page is with so many traces, in a real browser.

Times are the page's own, by `performance.now()`: from the beginning of the load to the first screen, and from a key
press in the filter to its result in the table.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
import time
from pathlib import Path

from mathagent.collection import open_collection
from mathagent.page.data import PageData
from mathagent.page.export import export_page
from mathagent.page.serve import PageServer
from tests.page.browser import Window, browsing, window
from tests.page.made import many_run

QUERIES = (
    "wrong",
    "wrong level:5 rounds>=2",
    "answer:77",
    "needle",
    "needle",
    "code:/range\\(1, 4\\d\\)/ wrong",
)

FILTER = """async (query) => {
  const input = document.querySelector("#query"), list = document.querySelector(".list");
  const wait = () => new Promise((done) => setTimeout(done, 0));
  let longest = 0, last = performance.now(), over = false;
  const watch = async () => { while (!over) { await wait(); const now = performance.now();
    longest = Math.max(longest, now - last); last = now; } };
  const begun = performance.now();
  input.value = query;
  input.dispatchEvent(new Event("input"));
  watch();
  while (list.dataset.state !== "done") await wait();
  const took = performance.now() - begun;
  over = true;
  return { took, longest, said: document.querySelector(".tally").textContent };
}"""


async def measure(page: Path, url: str) -> list[str]:
    """Open the exported page and the served one, and time them; lines for a person."""
    lines = []
    async with browsing() as browser:
        async with window(browser) as opened:
            await opened.go(page.as_uri())
            ready = await opened.page.evaluate("Number(document.documentElement.dataset.ready)")
            whole = await opened.page.evaluate(
                "performance.timing.loadEventEnd - performance.timing.navigationStart"
            )
            lines.append(f"summary on the screen   {ready} ms (the whole file is read after {whole} ms)")
        async with window(browser) as opened:
            await opened.go(f"{page.as_uri()}#/traces")
            ready = await opened.page.evaluate("Number(document.documentElement.dataset.ready)")
            lines.append(f"table on the screen     {ready} ms")
            lines += [await _filtered(opened, query) for query in QUERIES]
            rows = await opened.page.locator(".traces tbody tr").count()
            lines.append(f"rows in the document    {rows}")
        async with window(browser) as opened:
            await opened.go(f"{url}#/traces")
            ready = await opened.page.evaluate("Number(document.documentElement.dataset.ready)")
            lines.append(f"served: table on the screen {ready} ms")
            lines += [f"served: {await _filtered(opened, query)}" for query in ("wrong", "needle")]
    return lines


async def _filtered(opened: Window, query: str) -> str:
    found = await opened.page.evaluate(FILTER, query)
    took, longest = (f"{found[name]:.0f} ms" for name in ("took", "longest"))
    return f"filter {query!r}: {took}, {found['said']} (longest without a pause {longest})"


def main() -> None:
    """Make a run, export it, measure, print."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        run, page = many_run(Path(folder) / "run", number), Path(folder) / "page.html"
        begun = time.monotonic()
        collection = open_collection(run)
        opened = time.monotonic()
        size = export_page(PageData(collection), page)
        done = time.monotonic()
        traces = (run / "traces.jsonl").stat().st_size
        print(f"{number} traces, {traces / 1e6:.1f} MB of JSON Lines; the page has {size / 1e6:.1f} MB")
        print(f"opened in {opened - begun:.1f} s, written in {done - opened:.1f} s")
        with PageServer(lambda: PageData(collection), 0) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            for line in asyncio.run(measure(page, server.url)):
                print(line)
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    main()
