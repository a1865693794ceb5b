"""A solution's steps: paragraphs, with code and its output as one step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.steps import split

CODE = "```python\nx = 1\n\nprint(x)\n```"
OUTPUT = "```output\n1\n```"


@pytest.mark.parametrize(
    ("solution", "steps"),
    [
        ("", []),
        (" \n\n\t\n", []),
        ("One line.", ["One line."]),
        ("First\nstill first\n\nSecond\n \n\nThird\n", ["First\nstill first", "Second", "Third"]),
        (f"I compute.\n{CODE}\n{OUTPUT}\nSo it is 1.", [f"I compute.\n{CODE}\n{OUTPUT}", "So it is 1."]),
        (f"I compute.\n\n{CODE}\n\n{OUTPUT}\n\nSo.", [f"I compute.\n{CODE}\n{OUTPUT}", "So."]),
        (f"{CODE}\n{OUTPUT}\nNow.\n{CODE}\n{OUTPUT}", [f"{CODE}\n{OUTPUT}", f"Now.\n{CODE}\n{OUTPUT}"]),
        ("Begin.\n```python\nx = 1\n\ny = 2", ["Begin.\n```python\nx = 1\n\ny = 2"]),
        ("````output\n```\n\n````\nEnd.", ["````output\n```\n\n````", "End."]),
        ("Use ```x``` here.\n\nThen.", ["Use ```x``` here.", "Then."]),
    ],
)
def test_steps(solution: str, steps: list[str]) -> None:
    assert split(solution) == steps


@given(st.text(alphabet="a \n`~", max_size=80))
def test_no_word_is_lost_and_no_step_is_blank(text: str) -> None:
    steps = split(text)
    assert all(step.strip() for step in steps)
    assert "".join("".join(steps).split()) == "".join(text.split())
