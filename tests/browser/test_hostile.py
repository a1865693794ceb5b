"""What a model writes is shown as text: nothing of it is markup, nothing of it acts on a terminal."""

from __future__ import annotations

from pathlib import Path

from mathagent.collection import open_collection
from mathagent.trace.schema import FailureStep
from tests.browser.conftest import driven, with_steps
from tests.cli.test_hostile import MARKUP, RAW, WORDS
from tests.collection.made import solved, write_run

ATTACK = f"{WORDS}{MARKUP} [@click=app.quit]x[/] [click](http://evil.example) <http://evil.example>"


def hostile(folder: Path) -> Path:
    """A run in which every text is an attack."""
    trace = with_steps(
        solved(f"p{ATTACK}", answer=f"7{ATTACK}", gold=f"8{ATTACK}", level=ATTACK, model=ATTACK),
        ("thinking", ATTACK),
        ("text", f"{ATTACK} $\\frac{{{ATTACK}}}{{2}}$"),
        ("code", f"# {ATTACK}\nprint(1)\n"),
        ("output", "\n".join([ATTACK] * 30)),
        ("text", ATTACK),
    )
    trace.problem.text = ATTACK
    trace.finish.reason = trace.finish.detail = ATTACK
    trace.steps.append(FailureStep(at=0, kind="model", message=ATTACK, hint=ATTACK))
    return write_run(folder, [trace])


async def test_every_text(tmp_path: Path) -> None:
    run = open_collection(hostile(tmp_path / "run"))
    other = open_collection(hostile(tmp_path / f"x{MARKUP.replace('/', '')}"))
    async with driven(run, other=other, size=(160, 60)) as browser:
        for keys in ((), ("O",), ("f", *"bold", "enter", "n"), ("z",), ("escape", "/", *"bold", "enter")):
            await browser.press(*keys)
            for strip in browser.app.screen._compositor.render_strips():
                assert not any(raw in strip.text for raw in RAW), repr(strip.text)
                for segment in strip:
                    style = segment.style
                    assert style is None or (style.link is None and "@click" not in style.meta)
        for text in (
            "[bold red]not bold[/bold red]",
            ":smile:",
            "[@click=app.quit]x[/]",
            "[click](http://evil.example)",
        ):
            assert text in browser.screen
        await browser.press("y")
        assert not any(raw in browser.app.clipboard for raw in RAW)
        assert "not bold" in browser.app.clipboard
