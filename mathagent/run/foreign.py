"""Read the result files of other tools as rows: NeMo-Skills, ToRA, Qwen2.5-Math, InternLM-Math, lm-evaluation-harness.

What a column means is taken from its name. A cell with a list holds one value for each sample of the problem.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mathagent.answers import boxed
from mathagent.data.files import read_rows
from mathagent.data.problem import BadRow, RowError
from mathagent.data.values import jsonable, text_of, whole
from mathagent.errors import DataError, UsageError
from mathagent.run.rows import Row, Verdict

_PREDICTED = (
    "predicted_answer",
    "pred",
    "prediction",
    "extracted_answer",
    "model_answer",
    "filtered_resps",
    "completion",
)
_GENERATION = ("generation", "response", "responses", "resps", "output", "code")
_GOLD = ("expected_answer", "gt", "ground_truth", "gold", "target", "reference_answer", "answer")
_RECORDED = ("symbolic_correct", "score", "is_correct", "correct")
_REWARD = ("reward_model_score", "pred_score", "reward")
_ID = ("id", "unique_id", "problem_id", "idx", "doc_id", "problem", "question", "query")
_PROBLEM = ("problem", "question", "query", "input")
_TYPE = ("type", "subject", "category")


def read_foreign(path: Path) -> tuple[list[Row], list[str]]:
    """The rows of a file (JSON Lines, JSON, CSV, Parquet) and what a person should know about it.

    A verdict that the file records is the row's verdict, so that a new grading shows what it changes. Without a column
    for answers the last box of the reply is taken. Rows of one id are samples of one problem, in file order unless they
    are numbered. Raises UsageError for a file or a row that can't be read; a damaged last line is left out.
    """
    notices: list[str] = []
    records: list[tuple[int, Mapping[str, Any]]] = []
    bad: BadRow | None = None
    try:
        for record in read_rows(path):
            if bad is not None:
                raise UsageError(str(bad))
            if isinstance(record, BadRow):
                bad = record
            else:
                records.append((record.number, record.values))
    except DataError as error:
        raise UsageError(error.message, error.hint) from None
    if bad is not None:
        notices.append(f"{path}, line {bad.row}: the last line is damaged and left out")
    rows: list[Row] = []
    seen: Counter[str] = Counter()
    for number, values in records:
        try:
            rows += rows_of(values, number, seen)
        except RowError as error:
            raise UsageError(f"{path}, row {number}: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            raise UsageError(
                f"{path}, row {number}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
            ) from None
    if len({row.key for row in rows}) < len(rows):
        raise UsageError(
            f"{path}: a sample of a problem is there twice", "ids and sample numbers must differ"
        )
    if not rows:
        raise UsageError(f"{path}: there are no rows")
    return rows, notices


def rows_of(values: Mapping[str, Any], number: int, seen: Counter[str]) -> Iterator[Row]:
    """The rows of one record: one for each sample in it. Raises RowError or ValidationError.

    Args:
        values: the record.
        number: its place in the file, which is its id where no column has one.
        seen: how many samples of each id came before; counts on.
    """
    if "verdict" in values and "generation" in values:
        yield Row.model_validate(values)
        return
    id = _text(values, _ID) or str(number)
    generations = _each(_find(values, _GENERATION))
    answers = [None if each is None else _bare(each) for each in _each(_find(values, _PREDICTED))]
    if not answers:
        if not generations:
            raise RowError(f"no column for answers; has: {', '.join(values)[:200]}")
        answers = [
            boxes[-1] if (boxes := boxed(text_of(each, "generation") or "")) else None for each in generations
        ]
    scores = [_number(each) for each in _each(_find(values, _REWARD))]
    recorded = [_verdict(each) for each in _each(_find(values, _RECORDED))]
    named = values.get("sample")
    extra = jsonable(values)
    for place, answer in enumerate(answers):
        sample = named if isinstance(named, int) and len(answers) == 1 else seen[id]
        seen[id] += 1
        row = Row(
            id=id,
            sample=sample,
            problem=_text(values, _PROBLEM) or "",
            expected_answer=_gold(values),
            level=(_text(values, ("level",)) or "").removeprefix("Level ") or None,
            type=_text(values, _TYPE),
            generation=text_of(_at(generations, place), "generation") or "",
            predicted_answer=answer,
            finish_reason="answer" if answer is not None else "no_answer",
            num_generated_tokens=_whole(values.get("num_generated_tokens"), len(answers)),
            reward_model_score=_at(scores, place),
            extra=extra if place == 0 else {},
        )
        verdict = _at(recorded, place)
        yield (
            row
            if verdict is None
            else row.graded(verdict, "as recorded").model_copy(update={"previous_verdict": None})
        )


def has_id(values: Mapping[str, Any]) -> bool:
    """Whether a column names the problem, so that its text need not stand for it."""
    return _text(values, [name for name in _ID if name not in _PROBLEM]) is not None


def generations_of(values: Mapping[str, Any]) -> list[str]:
    """The replies in a record, a text for each sample, as they were recorded; none where no column holds one."""
    return [whole(each) for each in _each(_find(values, _GENERATION)) if isinstance(each, str)]


def _find(values: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)


def _text(values: Mapping[str, Any], names: Sequence[str]) -> str | None:
    found = _find(values, names)
    return text_of(found, "") if isinstance(found, str | int | float) else None


def _gold(values: Mapping[str, Any]) -> str | None:
    found = _find(values, _GOLD)
    if isinstance(found, Mapping):  # MathCoder: {"answer": ..., "solution": ...}
        found = found.get("answer")
    return text_of(found, "expected answer")


def _each(value: Any) -> list[Any]:
    """One value for each sample."""
    if isinstance(value, list | tuple):
        if len(value) == 1 and isinstance(value[0], list):  # lm-eval: the replies to one request
            return list(value[0])
        return list(value)
    return [] if value is None else [value]


def _bare(value: Any) -> str | None:
    r"""An answer, without the `\boxed{}` around it, if it is all there is."""
    text = text_of(value, "answer")
    boxes = boxed(text or "")
    return (
        boxes[0] if text and len(boxes) == 1 and text.startswith("\\boxed") and text.endswith("}") else text
    )


def _number(value: Any) -> float | None:
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value)


def _verdict(value: Any) -> Verdict | None:
    if isinstance(value, bool) or value in (0, 1):
        return "correct" if value else "wrong"
    return None


def _whole(value: Any, samples: int) -> int:
    return value // samples if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _at(values: Sequence[Any], place: int) -> Any:
    return values[place] if place < len(values) else None
