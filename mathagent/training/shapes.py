"""The replies that examples teach: one block, several, an error corrected after its traceback, words without code.

And one of an augmenter: the problem with other numbers.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Literal

from kernels_sandbox import KernelPool
from mathagent.protocols.rendering import fenced_output
from mathagent.shown import show
from mathagent.training.example import Author, Example, Mode, Program

Shape = Literal["block", "blocks", "corrected", "words", "numbers"]
FENCE = "```python\n"
"""What the prompt begins the reply with; `corrected` and `blocks` write it themselves the second time."""
_SHOWN = 4000  # characters of an output: more than any of these programs prints


def plain(program: Program, printed: str, *, ended: bool) -> Example:
    """One block. `ended`: with its output and the boxed answer; else the example stops after the block."""
    reply: list[tuple[Author, str]] = [("prompt", FENCE), ("model", f"{program.code}```\n")]
    if ended:
        reply += [("kernel", fenced_output(printed.rstrip("\n"))), ("model", _answer(program))]
    return _example(program, "block", reply, ended=ended)


async def in_blocks(pool: KernelPool, program: Program) -> Example | None:
    """Two blocks, the first printing a value on the way; None for programs of fewer than three statements."""
    *lines, last = program.lines
    if len(lines) < 3:
        return None
    half = len(lines) // 2
    first = [*lines[:half], f"print({lines[half - 1].partition(' = ')[0]})"]
    return await _executed(pool, program, "blocks", [first, [*lines[half:], last]], "")


async def corrected(pool: KernelPool, program: Program, draw: random.Random) -> Example | None:
    """A name misspelled, the traceback, the block again as it should be; None where no name is used twice."""
    *lines, last = program.lines
    names = [line.partition(" = ")[0] for line in lines]
    used = [name for name in names[:-1] if re.search(rf"\b{name}\b", lines[-1].partition(" = ")[2])]
    if not used:
        return None
    name = draw.choice(used)
    wrong = re.sub(rf"\b{name}\b", f"{name}s" if draw.random() < 0.5 else name[:-1] or "n", lines[-1])
    blocks = [[*lines[:-1], wrong, last], list(program.lines)]
    return await _executed(pool, program, "corrected", blocks, "The name is wrong. ")


def in_words(program: Program) -> Example | None:
    """The source's own worked solution, its answer boxed; None where there is none."""
    if not program.solution:
        return None
    text = f"{program.solution}\n{_answer(program)}"
    return _example(program, "words", [("model", text)], ended=True)


def numbers(program: Program) -> Example | None:
    """The problem as the reply to its original, in the role "numbers" of `augment`; None where it has no original.

    The original's numbers may be 1 and 2, which stay: a text that didn't change at all teaches nothing.
    """
    if program.original in ("", program.problem):
        return None
    example = _example(
        program, "numbers", [("model", f"<problem>\n{program.problem}\n</problem>")], ended=True
    )
    return replace(example, problem=program.original)


async def _executed(
    pool: KernelPool, program: Program, shape: Shape, blocks: list[list[str]], between: str
) -> Example | None:
    """The blocks run one after another in one kernel; None if the last does not succeed or an earlier one surprises."""
    reply: list[tuple[Author, str]] = [("prompt", FENCE)]
    async with pool.kernel() as kernel:
        for number, lines in enumerate(blocks):
            code = "\n".join(lines) + "\n"
            result = await kernel.execute(code)
            if result.ok == (shape == "corrected" and number < len(blocks) - 1):
                return None
            reply.append(("model", f"{f'{between}{FENCE}' if number else ''}{code}```\n"))
            reply.append(("kernel", fenced_output(show(result, _SHOWN))))
    reply.append(("model", _answer(program)))
    return _example(program, shape, reply, ended=True)


def _answer(program: Program) -> str:
    return f"The answer is \\boxed{{{program.answer}}}."


def _example(program: Program, shape: Shape, reply: list[tuple[Author, str]], *, ended: bool) -> Example:
    modes: dict[Shape, Mode] = {"words": "cot", "numbers": "numbers"}
    return Example(
        id=f"{program.source}/{program.id}",
        source=program.source,
        problem=program.problem,
        answer=program.answer,
        mode=modes.get(shape, "tir"),
        shape=shape,
        reply=tuple(reply),
        ended=ended,
    )
