"""The same problem with other numbers, where it is plain which number of the text is which of the program.

Whole numbers stay whole, positive results positive; the program gives the new answer.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction

from mathagent.training.annotated import Unconvertible
from mathagent.training.arithmetic import values
from mathagent.training.example import Program
from mathagent.training.numbers import NUMBER, exact, written

_ATTEMPTS = 60
_LITERAL = re.compile(r"(?<![\w.])\d+(?![\w.])")


def changed_program(program: Program, draw: random.Random) -> Program:
    """The program and its problem with other whole numbers of the same size. Raises Unconvertible."""
    *lines, last = program.lines
    in_text = Counter(NUMBER.findall(program.problem))
    in_code = Counter(_LITERAL.findall("\n".join(lines)))
    # 1 and 2 are often "one" and "twice", 100 a percentage: they are left as they are.
    free = sorted(
        each
        for each, count in in_text.items()
        if each.isdigit() and count == 1 <= in_code[each] and int(each) > 2
    )
    free = [each for each in free if each not in ("60", "100", "1000") and f"{each}%" not in program.problem]
    if not free:
        raise Unconvertible("no number that is surely the same in text and program")
    before = values(lines)
    if before[last.removeprefix("print(").removesuffix(")")] != exact(program.answer):
        raise Unconvertible("the program gives another answer")
    for _ in range(_ATTEMPTS):
        new = {old: str(draw.randint(max(2, int(old) // 2), 2 * int(old))) for old in free}
        replaced = [_replaced(_LITERAL, line, new) for line in lines]
        try:
            after = values(replaced)
        except ZeroDivisionError:
            continue
        if len(set(new.values())) == len(new) and all(map(_fits, before.values(), after.values())):
            problem = _replaced(NUMBER, program.problem, new)
            answer = written(after[last.removeprefix("print(").removesuffix(")")])
            source, new_lines = f"{program.source} changed", (*replaced, last)
            return Program(program.id, source, problem, new_lines, answer, original=program.problem)
    raise Unconvertible("no other numbers were found")


def _fits(old: Fraction, new: Fraction) -> bool:
    return new > 0 and (new.denominator == 1 or old.denominator != 1)


def _replaced(pattern: re.Pattern[str], text: str, new: Mapping[str, str]) -> str:
    return pattern.sub(lambda match: new.get(match[0], match[0]), text)
