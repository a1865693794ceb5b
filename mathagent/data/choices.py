"""Multiple choice: options out of a row, how they are shown, and the rotations of circular evaluation."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence

from mathagent.data.problem import Option, Problem, RowError
from mathagent.data.values import text_of

_LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LABEL = re.compile(r"[A-Z]")
_LABELLED = re.compile(r"\s*[(（]?\s*([A-Z])\s*[)）.．、:：]\s*")


def read_options(value: object, column: str) -> tuple[Option, ...]:
    """Options from a cell: `{"A": text}`, `[text, ...]`, `["(A) text", ...]`, or such JSON as text; () for nothing.

    Raises RowError for anything else and for more than 26 options.
    """
    if isinstance(value, str):
        value = _from_text(value, column)
    if isinstance(value, Mapping):
        if set(value) == {"label", "text"}:  # ARC's form: two lists side by side
            return _from_pairs(value["label"], value["text"], column)
        pairs = [(str(label).strip(), text_of(text, column)) for label, text in value.items()]
        options = tuple(Option(label, text) for label, text in pairs if text is not None)
        if not all(_LABEL.fullmatch(option.label) for option in options):
            raise RowError(
                f"column {column}: the options are not labelled A, B, ...: {', '.join(map(str, value))[:60]}"
            )
        return options
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, (bytes, bytearray)):
        raise RowError(f"column {column}: options are a list or an object, not {type(value).__name__}")
    texts = [text_of(item, column) or "" for item in value]
    if len(texts) > len(_LABELS):
        raise RowError(f"column {column}: {len(texts)} options")
    own = [_LABELLED.match(text) for text in texts]
    if texts and [match[1] if match else "" for match in own] == list(_LABELS[: len(texts)]):
        texts = [text[match.end() :] for text, match in zip(texts, own, strict=True) if match]
    return tuple(Option(label, text) for label, text in zip(_LABELS, texts, strict=False))


def right_option(answer: object, options: Sequence[Option], column: str) -> tuple[str, tuple[str, ...]]:
    """The label of the right option, and what else is right: the option's text.

    The cell may hold a label (`B`, `(B)`, `B. 4`), labels of several right ones (`AC`), an index from 0 (an integer, or
    a list with one), or the text of an option. Raises RowError for anything else.
    """
    if isinstance(answer, (list, tuple)) and len(answer) == 1:
        answer = answer[0]
    by_label = {option.label: option for option in options}
    if isinstance(answer, int) and not isinstance(answer, bool):
        if not 0 <= answer < len(options):
            raise RowError(f"column {column}: {answer} is not the index of one of {len(options)} options")
        return options[answer].label, _also(options[answer].text)
    text = text_of(answer, column) or ""
    for option in options:
        if text == option.text:
            return option.label, _also(option.text)
    bare = text.strip("()（）[] .")
    if bare in by_label:
        return bare, _also(by_label[bare].text)
    if (match := _LABELLED.match(text)) and match[1] in by_label:
        return match[1], _also(by_label[match[1]].text)
    letters = re.sub(r"[\s,，、;]+", "", bare)
    if letters and set(letters) <= set(by_label) and len(set(letters)) == len(letters):
        return "".join(sorted(letters)), ()
    raise RowError(f"column {column}: {text[:40]!r} is none of the options {', '.join(by_label)}")


def without_label(text: str, label: str) -> str:
    """`C. {x}` without the label C; any other text as it is."""
    match = _LABELLED.match(text)
    return text[match.end() :] if match and match[1] == label else text


def shown(stem: str, options: Iterable[Option]) -> str:
    """The problem as it is asked: the stem, then each option on a line of its own as `A. text`."""
    return "\n".join([stem, *(f"{option.label}. {option.text}" for option in options)])


def rotations(problem: Problem) -> list[Problem]:
    """The problem once for each rotation of its options, as MathBench's circular evaluation asks it.

    With options A to D: the texts stand in the orders ABCD, BCDA, CDAB, DABC under the labels A to D. The ids are
    `id@0` (as it was) to `id@3`, the `group` is the problem's id: it counts as solved if all of the group are right.
    Of several right labels (`AC`) each is turned. A problem without options or without a known answer stays one
    problem, its id unchanged.
    """
    labels = [option.label for option in problem.options]
    if len(labels) < 2 or not problem.gold or not set(problem.gold) <= set(labels):
        return [problem]
    texts = [option.text for option in problem.options]
    right = [labels.index(label) for label in problem.gold]
    turned = []
    for turn in range(len(labels)):
        options = tuple(
            Option(label, texts[(place + turn) % len(texts)]) for place, label in enumerate(labels)
        )
        turned.append(
            dataclasses.replace(
                problem,
                id=f"{problem.id}@{turn}",
                group=problem.group or problem.id,
                options=options,
                gold="".join(sorted(labels[(place - turn) % len(labels)] for place in right)),
                text=shown(problem.stem, options),
            )
        )
    return turned


def _also(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _from_text(value: str, column: str) -> object:
    if not value.strip():
        return None
    try:
        parsed: object = json.loads(value)
    except (ValueError, RecursionError):
        parsed = value
    if isinstance(parsed, (list, Mapping)):
        return parsed
    raise RowError(f"column {column}: options are a list or an object, or JSON of one, not {value[:40]!r}")


def _from_pairs(labels: object, texts: object, column: str) -> tuple[Option, ...]:
    if (
        not isinstance(labels, (list, tuple))
        or not isinstance(texts, (list, tuple))
        or len(labels) != len(texts)
    ):
        raise RowError(f"column {column}: as many labels as texts are needed")
    return read_options(dict(zip(map(str, labels), texts, strict=True)), column)
