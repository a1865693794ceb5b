"""The counts of played runs: a row for each format, and why outputs differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.playback.comparison import EQUIVALENT, NO_ANSWER, SAME, Comparison
from tests.playback.reasons import EXACT, FORM

Played = Mapping[str, Sequence[Comparison]]
"""What was played, by format."""

_COLUMNS = (
    "format",
    "runs",
    "code",
    "executed",
    "outputs",
    "same text",
    "same form",
    "differ",
    "whole",
    "answers",
    "same",
    "equivalent",
    "differ",
)


def table(played: Played) -> list[str]:
    """The lines of the table of formats.

    code: runs whose code was found exactly; executed: runs of which every block was run; outputs: how many were
    recorded; whole: runs whose reply is the recorded text, outputs and all; answers: runs with one then or now.
    """
    rows = [_COLUMNS, *(_row(name, compared) for name, compared in played.items())]
    if len(played) > 1:
        rows.append(_row("all", [each for compared in played.values() for each in compared]))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]


def _row(name: str, compared: Sequence[Comparison]) -> tuple[str, ...]:
    outputs = Counter(category for each in compared for category in each.outputs)
    answers = Counter(each.answer for each in compared)
    total = sum(outputs.values())
    numbers = (
        len(compared),
        sum(each.code for each in compared),
        sum(each.executed for each in compared),
        total,
        outputs[EXACT],
        outputs[FORM],
        total - outputs[EXACT] - outputs[FORM],
        sum(each.whole for each in compared),
        sum(answers.values()) - answers[NO_ANSWER],
        answers[EXACT] + answers[FORM],
        answers[EQUIVALENT],
        sum(count for why, count in answers.items() if why not in (*SAME, EQUIVALENT, NO_ANSWER)),
    )
    return (name, *map(str, numbers))


def reasons(played: Played) -> list[str]:
    """Why outputs differ, with counts, the most frequent first; and what else there is to say of the runs."""
    lines = []
    for name, compared in played.items():
        for what, counts in (
            ("outputs", Counter(category for each in compared for category in each.outputs)),
            ("answers", Counter(each.answer for each in compared)),
        ):
            found = [
                (count, why) for why, count in counts.items() if why not in (*SAME, EQUIVALENT, NO_ANSWER)
            ]
            lines += [f"{name}: {what}: {count} {why}" for count, why in sorted(found, reverse=True)]
        if unrecorded := sum(each.unrecorded for each in compared):
            lines.append(f"{name}: {unrecorded} executions without a recorded output of their own")
        if cut := Counter(each.cut for each in compared if each.cut):
            lines += [
                f"{name}: {count} end before the record does: {why}" for why, count in cut.most_common()
            ]
        graded = [each for each in compared if each.right is not None]
        if graded:
            right, now = (
                sum(bool(each.right) for each in graded),
                sum(each.verdict == "correct" for each in graded),
            )
            agree = sum(bool(each.right) == (each.verdict == "correct") for each in graded)
            lines.append(
                f"{name}: {right} recorded as right, {now} graded correct now, the same verdict for {agree}"
            )
        ends = Counter(each.finish for each in compared)
        lines.append(f"{name}: ended with {', '.join(f'{end} {count}' for end, count in ends.most_common())}")
    return lines
