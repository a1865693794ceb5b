"""A trace of attacks: all of it is text on the page, and the policy would stop what is not."""

from __future__ import annotations

import pytest

from mathagent.page.document import policy
from tests.page.browser import Window
from tests.page.made import ATTACKS

pytestmark = pytest.mark.asyncio(loop_scope="session")

VIEWS = ("#/", "#/traces", "#/trace/t-0", "#/trace/t-1")

ACTIVE = """() => {
  const bad = [...document.querySelectorAll("*")].filter((each) =>
    (each.localName === "script" && !["application/octet-stream", ""].includes(each.type)) ||
    ["iframe", "object", "embed", "base", "form", "textarea", "template", "foreignObject"].includes(each.localName) ||
    [...each.attributes].some(({ name, value }) => name.startsWith("on") ||
      (["href", "src", "xlink:href", "action", "srcdoc"].includes(name) &&
        !/^(?:#|data:image\\/|data:,)/.test(value))));
  return bad.map((each) => each.outerHTML.slice(0, 200));
}"""


async def _opened_wide(opened: Window) -> None:
    """Open every fold, and wait until every formula is set."""
    await opened.page.evaluate(
        "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
    )
    await opened.page.wait_for_timeout(300)


@pytest.mark.parametrize("view", VIEWS)
async def test_no_attack_runs(opened: Window, hostile_page: str, view: str) -> None:
    await opened.go(f"{hostile_page}{view}")
    await _opened_wide(opened)
    assert await opened.page.evaluate("window.hit") is None
    assert await opened.page.evaluate(ACTIVE) == []
    scripts = await opened.page.evaluate("[...document.scripts].filter((each) => !each.type).length")
    assert scripts == 2  # KaTeX and ours
    assert all(each.startswith(("file:", "data:")) for each in opened.requests)
    assert await opened.page.locator("#main").count() == 1


async def test_attacks_are_shown_as_they_were_written(opened: Window, hostile_page: str) -> None:
    await opened.go(f"{hostile_page}#/trace/t-0")
    shown = await opened.page.locator(".step.code pre").first.text_content()
    assert shown == "\n\n".join(ATTACKS)
    output = await opened.page.locator(".step.failed pre").first.text_content()
    assert output is not None
    assert output.startswith("<script>window.hit = 1</script>\n\n</script><script>")


async def test_formulas_are_bounded(opened: Window, hostile_page: str) -> None:
    await opened.go(f"{hostile_page}#/trace/t-0")
    await _opened_wide(opened)
    bad = await opened.page.locator(".problem .math.bad").all_text_contents()
    for part in ("\\def\\a{\\a\\a}", "\\href", "\\url", "\\htmlClass", "\\includegraphics"):
        assert any(part in each for each in bad), part
    assert (
        await opened.page.locator(".katex [class~=bar], .katex [id], .katex [data-x], .katex a").count() == 0
    )
    widest = await opened.page.evaluate(
        "Math.max(...[...document.querySelectorAll('.katex *')].map((each) => each.getBoundingClientRect().height))"
    )
    assert widest < 600


async def test_the_table_shows_one_line_for_each(opened: Window, hostile_page: str) -> None:
    await opened.go(f"{hostile_page}#/traces")
    heights = await opened.page.eval_on_selector_all(
        "tbody tr[aria-rowindex]", "rows => rows.map((row) => Math.round(row.getBoundingClientRect().height))"
    )
    assert heights == [30, 30]


async def test_the_policy_stops_what_would_be_markup(opened: Window, hostile_page: str) -> None:
    """If some part of the page did make markup of a text, nothing of it would run."""
    await opened.go(hostile_page)
    tried = await opened.page.evaluate(
        """() => new Promise((done) => setTimeout(() => {  // outside of the call, which may do what a page may not
          const tries = [
            () => { document.body.innerHTML = "<b>x</b>"; },
            () => { eval("window.hit = 1"); },
            () => { document.body.setAttribute("onclick", "window.hit = 1"); document.body.click(); },
            () => {
              const made = document.createElement("script");
              made.textContent = "window.hit = 1";
              document.body.append(made);
            },
            () => document.body.append(new DOMParser().parseFromString("<b>x</b>", "text/html").body),
          ];
          for (const each of tries) { try { each(); } catch { } }
          done(window.hit ?? null);
        }, 0))"""
    )
    assert tried is None
    assert await opened.page.locator("#main").count() == 1
    with pytest.raises(Exception, match=r"Failed to fetch|violates"):
        await opened.page.evaluate("fetch('https://example.org/')")
    assert opened.complaints
    opened.complaints.clear()


async def test_the_policy_is_strict() -> None:
    for source in ("embedded", "served"):
        text = policy("served" if source == "served" else "embedded")
        assert "unsafe" not in text
        assert "default-src 'none'" in text
    assert "connect-src 'none'" in policy("embedded")
