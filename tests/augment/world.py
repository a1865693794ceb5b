"""A small world for augmentations: problems, what a model makes of them in each way, and how it solves all of them.

The model is called internlm2, so that its own instruction texts tell the ways apart; it solves with the general prompt.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.replay.recording import Recording
from tests.run.world import output

MODEL = "internlm2-replay"
ASKS = {
    "rephrase": "Describe this problem in another way. {}",
    "similar": "Please augment a new problem based on: {}",
    "harder": "Increase the complexity of the problem: {}",
    "numbers": "Change specific numbers: {}",
    "fractions": "Introduce fractions or percentages: {}",
    "backward": "{}\n\nIts answer: {}",
}
EXAM = "A pond has 31 frogs and 18 toads. How many animals live in the pond?"
"""The one problem of an evaluation set: what `similar` makes of every third problem is a copy of it."""

_THINGS = ("pears", "coins", "books", "stamps", "shells", "cards", "bottles", "marbles")


def parts(number: int) -> tuple[int, int, str]:
    """The two numbers of a problem, and what it is about."""
    return 20 + 7 * number, 11 + 3 * number, _THINGS[number % len(_THINGS)]


def question(number: int) -> str:
    """A source problem."""
    one, other, thing = parts(number)
    return f"Ann has {one} {thing} in a basket and Bob brings her {other} more {thing}. How many {thing} has Ann?"


def made(number: int) -> dict[str, tuple[str, str]]:
    """What the model says in each way, and the answer to it."""
    one, other, thing = parts(number)
    total = one + other
    rephrased = (
        f"What is the number of {thing} altogether when {other} are added by a friend to a basket of {one}?"
    )
    changed = question(number).replace(str(one), str(one + 2))
    copied = EXAM.replace("frogs and", "frogs , and") if number % 3 == 0 else changed.replace("Ann", "Eve")
    harder = changed.replace("How many", f"She gives away {number + 2}. How many")
    backward = (
        f"{question(number).replace(str(one), 'x')} If we know that the answer to this question is {total}, "
        "what is the value of the unknown variable x?"
    )
    return {
        "rephrase": (rephrased, str(total)),
        "numbers": (changed, str(total + 2)),
        "similar": (copied, str(total + 2)),
        "harder": (harder, str(total - number)),
        "fractions": (f"Here is the new problem: the answer is {total}.", ""),
        "backward": (f"<problem>{backward}</problem>", str(one)),
    }


def made_again(number: int) -> dict[str, tuple[str, str]]:
    """What the model says when it is to rephrase what it made: for that problem, the new one and the answer to it."""
    (rephrased, answer), (changed, other_answer) = made(number)["rephrase"], made(number)["numbers"]
    one, other, thing = parts(number)
    return {
        rephrased: (
            f"Find the size of a heap of {thing} that grew out of {one} when {other} came on top.",
            answer,
        ),
        changed: (
            f"Two heaps of {thing}, {one + 2} and {other}, are put together. How big is the heap?",
            other_answer,
        ),
    }


def solution(problem: str, answer: str, *, replies: int = 4, wrong: bool = False) -> list[Recording]:
    """Replies of one cell each that solve a problem; with `wrong` each gives another answer."""
    return [
        Recording(
            problem=problem,
            said=(
                f"I let Python work it out, try {reply}.\n```python\nvalue = {shown}\nprint(value)\n```\n",
                f"So it is \\boxed{{{value}}}.",
            ),
            outputs=(output(value),),
            source=f"{problem[:20]}: {reply}",
            answer=value,
        )
        for reply in range(replies)
        for shown, value in [_cell(int(answer) + 13 * reply * wrong)]
    ]


def _cell(answer: int) -> tuple[str, str]:
    """A sum that is the answer, and the answer, which stands nowhere in the sum."""
    return f"{answer + 4000} - 4000", str(answer)


def recordings(problems: int) -> list[Recording]:
    """The model's replies to everything that an augmentation of so many problems asks.

    What `harder` makes of odd problems is solved in another way each time; the others are solved alike.
    """
    found: list[Recording] = []
    for number in range(problems):
        one, other, _ = parts(number)
        found += solution(question(number), str(one + other))
        for way, (said, answer) in made(number).items():
            asked = ASKS[way].format(question(number), one + other)
            found.append(Recording(problem=asked, said=(said,), outputs=(), source=f"{way} {number}"))
            text = said.removeprefix("<problem>").removesuffix("</problem>")
            if answer and text != EXAM:
                found += solution(text, answer, wrong=way == "harder" and number % 2 == 1)
        for source, (said, answer) in made_again(number).items():
            asked = ASKS["rephrase"].format(source)
            found.append(Recording(problem=asked, said=(said,), outputs=(), source=f"again {number}"))
            found += solution(said, answer)
    return found


def write_problems(path: Path, problems: int) -> Path:
    """The source problems as JSON Lines."""
    rows = (
        {"id": f"s{number}", "problem": question(number), "answer": str(sum(parts(number)[:2]))}
        for number in range(problems)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
