"""200 problems that are none of the planted ones: of many kinds, some with the very same numbers or the same topic."""

from __future__ import annotations

import random
from collections.abc import Iterator

_TEMPLATES = (
    "{name} walks {a} km to the lake and {b} km back by another path, {c} times a month. How far is that in a year?",
    "A baker sells {a} rolls before noon and {b} after it. Rolls come in trays of {c}. How many trays were baked?",
    "What is the greatest common divisor of {a}, {b} and {c}?",
    "Find the sum of all integers from {a} to {b} that are divisible by {c}.",
    "Solve $x^2 - {a}x + {b} = {c}$ over the complex numbers and give the product of the roots.",
    "A cone has radius {a} cm and height {b} cm. By which factor does its volume grow if both grow by {c}%?",
    "In how many ways can {a} different books be put on a shelf if {b} of them must stand side by side?",
    "{name} reads {a} pages on the first day and {b} more on every day after. On which day are {c} pages finished?",
    "The mean of {a} numbers is {b}. When one of them is taken away the mean becomes {c}. Which number was it?",
    "Compute $\\sum_{{k=1}}^{{{a}}} (k + {b})$ modulo ${c}$.",
    "A taxi charges {a} euros to start and {b} cents for every {c} metres. What does a ride of 9 km cost?",
    "Let $g(x) = {a}x^3 - {b}x + {c}$. Find $g'(2)$.",
    "A die with {a} sides is thrown {b} times. What is the chance that {c} never comes up?",
    "{name} invests {a}00 dollars at {b}% interest, compounded yearly. After {c} years, what is the account worth?",
    "The angles of a quadrilateral are in the ratio {a}:{b}:{c}:5. Find the largest of them.",
    "How many digits does $ {a}^{{{b}}} $ have when it is written in base {c}?",
    "Convert {a} miles an hour to metres a second, and round to {b} decimal places; one mile is 1609 m. Add {c}.",
    "A chessboard of {a} by {b} squares is coloured. How many rectangles with {c} black squares does it have?",
    "Water flows into a pond at {a} litres a second for {b} hours and evaporates at {c} litres an hour all the time.",
    "Prove or disprove: among any {a} integers there are {b} whose sum is divisible by {c}.",
    "For the vectors $({a}, {b})$ and $({b}, {c})$ find the cosine of the angle between them.",
    "{name} has {a} nickels and {b} dimes. After spending {c} cents, what is the value of the remaining coins?",
    "The population of a village fell from {a}000 by {b}% a year. How many people lived there {c} years later?",
    "Which is larger, $\\frac{{{a}}}{{{b}}}$ or $\\frac{{{b}}}{{{c}}}$? Give the difference as a reduced fraction.",
    "A clock loses {a} seconds every {b} minutes. It is set right at noon; what does it show after {c} hours?",
    "某商店有{a}箱橙子，每箱{b}个，卖出{c}个后还剩多少个？",
    "解方程 ${a}x + {b} = {c}$，并求 $x$ 的相反数。",
    "Two dice show {a} and {b} in some order with probability p. Find the integer nearest to {c}/p.",
    "A ladder of {a} m leans against a wall, its foot {b} m away. It slips {c} cm. How high does it reach now?",
    "How many subsets of {{1, 2, ..., {a}}} have at least {b} elements and a sum above {c}?",
    "The first term of a geometric sequence is {a} and its ratio {b}. Find the smallest term that exceeds {c}000.",
    "{name} mixes {a} ml of a {b}% salt solution with water to get a {c}% solution. How much water is needed?",
)
_NAMES = ("Nora", "Pavel", "Sofia", "Karim", "Yuki", "Grace")
_NUMBERS = ((48, 15, 24), (234, 3, 390), (54, 17, 6), (12, 24, 36), (250, 5, 3), (36, 48, 90), (18, 25, 64))
"""Numbers of planted problems: the same numbers alone make no overlap."""


def unrelated(number: int = 200) -> Iterator[str]:
    """So many different problems, always the same."""
    dice, made = random.Random(7), set[str]()
    while len(made) < number:
        template = _TEMPLATES[len(made) % len(_TEMPLATES)]
        a, b, c = dice.choice(_NUMBERS) if len(made) % 2 else (dice.randint(2, 99) for _ in range(3))
        text = template.format(name=dice.choice(_NAMES), a=a, b=b, c=c)
        if text not in made:
            made.add(text)
            yield text
