"""A few recorded runs of every format, played through the solve path; `python -m tests.playback` plays all of them."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from mathagent.answers import boxed
from mathagent.protocols import protocols
from mathagent.trace import Trace, read
from tests.playback.comparison import Comparison, compare
from tests.playback.formats import formats
from tests.playback.play import player
from tests.playback.reasons import EXACT, FORM, Played, why
from tests.playback.records import Format, Record
from tests.playback.table import reasons, table

pytestmark = [pytest.mark.data, pytest.mark.timeout(300)]  # the first test waits for all that is played

FORMATS = formats()
SYNTAX_ERROR = "tora-code-34b-gsm8k:147"  # a block that does not compile and has no output
NO_BOX = "tora-code-34b-gsm8k:660"  # a reply that ends without a box
_SLOW = re.compile(r"Timeout|Error|simplify|integrate|solve|while|\\d{5}|matplotlib|scipy|wikipedia")
A_FEW = {"tora": 8, "mathcoder-gsm8k": 4}
OTHERS = 2


def sample(form: Format) -> list[Record]:
    """A few short records of a format, spread over it, without what takes sympy long; and the two odd ones."""
    records = form.records()
    quick = [
        each for each in records if 1 <= len(each.codes) <= 3 and boxed_or_solved(each) and not slow(each)
    ]
    some = quick[:: len(quick) // A_FEW.get(form.name, OTHERS) + 1]
    return some + [each for each in records if each.source in (SYNTAX_ERROR, NO_BOX) and each not in some]


def slow(record: Record) -> bool:
    """Whether its code, or an error in it, makes it a bad choice for a quick test."""
    return bool(_SLOW.search(" ".join((*record.codes, *map(str, record.outputs)))))


def boxed_or_solved(record: Record) -> bool:
    """Whether it ends with an answer."""
    return bool(boxed(record.recording.said[-1])) or "<solution>" in record.recording.said[-1]


@dataclass(frozen=True)
class Sample:
    """What was played: by source, the record, its trace and how they compare; and the comparisons by format."""

    records: dict[str, Record]
    traces: dict[str, Trace]
    compared: dict[str, Comparison]
    by_format: dict[str, list[Comparison]]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    missing = [form.files[0] for form in FORMATS.values() if not form.there]
    if missing:
        pytest.skip(f"the recorded data is not there: {missing[0]}")
    file = tmp_path_factory.mktemp("playback") / "traces.jsonl"
    return asyncio.run(_play(file))


async def _play(file: Path) -> Sample:
    """All samples; formats of one protocol share a server."""
    together: dict[str, list[tuple[Format, Record]]] = defaultdict(list)
    for form in FORMATS.values():
        together[form.protocol] += [(form, record) for record in sample(form)]
    compared: dict[str, Comparison] = {}
    by_format: dict[str, list[Comparison]] = defaultdict(list)
    async with player("none", cell_seconds=60) as playing:
        for pairs in together.values():
            done = await playing.play(pairs[0][0], [record for _, record in pairs], traces=file)
            for (form, record), each in zip(pairs, done, strict=True):
                compared[record.source] = each
                by_format[form.name].append(each)
    records = {record.source: record for pairs in together.values() for _, record in pairs}
    return Sample(records, {trace.problem.id: trace for trace in read(file)}, compared, by_format)


@pytest.mark.parametrize("name", FORMATS)
def test_every_block_of_a_format_is_found_and_run(played: Sample, name: str) -> None:
    compared = played.by_format[name]
    assert compared
    assert [each for each in compared if not (each.code and each.executed)] == []


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.startswith("mint")])
def test_outputs_and_answers_of_a_format_are_as_recorded(played: Sample, name: str) -> None:
    compared = [each for each in played.by_format[name] if each.source not in (SYNTAX_ERROR, NO_BOX)]
    assert [each for each in compared if not each.same_outputs] == []
    assert [each.finish for each in compared if each.finish != "answer"] == []
    whole = [each for each in compared if set(each.outputs) <= {EXACT}]
    assert [each for each in whole if not each.whole] == []
    assert whole


def test_the_grader_finds_right_what_was_recorded_as_right(played: Sample) -> None:
    compared = played.by_format["tora"]
    right = [each.source for each in compared if each.right]
    assert [each.source for each in compared if each.verdict == "correct"] == right
    assert 0 < len(right) < len(compared)


def test_every_trace_is_complete(played: Sample) -> None:
    assert played.traces.keys() == played.records.keys()
    for source, trace in played.traces.items():
        assert trace.usage.executions == len(played.records[source].codes)
        assert trace.grade is not None
        assert trace.sandbox is not None


def test_code_that_does_not_compile_is_executed_too(played: Sample) -> None:
    compared = played.compared[SYNTAX_ERROR]
    assert compared.code
    assert compared.executed
    assert not compared.whole


def test_a_reply_without_a_box_is_no_answer(played: Sample) -> None:
    compared = played.compared[NO_BOX]
    assert compared.whole
    assert compared.finish == "no_answer"


def test_a_difference_is_seen(played: Sample) -> None:
    """The comparison itself: a trace held against another record differs in everything."""
    ordinary = [each.source for each in played.by_format["tora"] if each.source not in (SYNTAX_ERROR, NO_BOX)]
    one, other = ordinary[:2]
    compared = compare(played.records[one], played.traces[other], verdict="wrong", same_answer=False)
    assert not compared.code
    assert not compared.whole
    assert not compared.same_outputs
    assert compared.answer == "other text or value"


def test_the_tables_count_all(played: Sample) -> None:
    lines = table(played.by_format)
    assert len(lines) == len(FORMATS) + 2
    assert lines[-1].split()[1] == str(sum(map(len, played.by_format.values())))
    assert any("recorded as right" in line for line in reasons(played.by_format))


def test_all_protocols_are_those_of_models() -> None:
    assert {form.protocol for form in FORMATS.values()} <= set(protocols())


def result(status: str = "ok", name: str = "", value: str = "") -> dict[str, object]:
    """A result of the sandbox, as a trace has it."""
    return {"status": status, "error": {"name": name, "value": value} if name else None}


@pytest.mark.parametrize(
    ("recorded", "code", "shown", "ran", "category"),
    [
        ("5", "", "5", result(), EXACT),
        ("64", "", "64.0", result(), FORM),
        ("[1, 2]", "", "[1,\n 2]", result(), FORM),
        ("0.333333", "", "0.3333333333", result(), "floats in other digits"),
        ("[0.5]", "", "[np.float64(0.5)]", result(), "NumPy 2 shows its numbers as np.float64(...)"),
        ("{2, 1}", "", "{1, 2}", result(), "the same terms in another order"),
        ("0.1", "import random", "0.7", result(), "random numbers"),
        ("5", "", "6", result(), "another value or form: other versions"),
        ("Timeout waiting for reply", "", "5", result(), "the recorded time limit of a cell (6 s)"),
        ("5", "", "x", result("timeout"), "our time limit of a cell"),
        (
            "NameError: x",
            "",
            "NameError: x!",
            result("error", "NameError"),
            "the same error, another form of traceback",
        ),
        ("TypeError: x", "", "5", result(), "an error then, none now (TypeError)"),
        ("5", "", "TypeError: x", result("error", "TypeError"), "an error now (TypeError)"),
        (
            "5",
            "",
            "",
            result("error", "ModuleNotFoundError", "No module named 'matplotlib'"),
            "not installed: 'matplotlib'",
        ),
    ],
)
def test_why_outputs_differ(
    recorded: str, code: str, shown: str, ran: dict[str, object], category: str
) -> None:
    assert why(recorded, Played(code, shown, ran), earlier=False) == category
