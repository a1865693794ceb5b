"""A row becomes a problem. Whatever a row holds, the outcome is a `Problem` or a `RowError`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mathagent.data.choices import read_options, right_option, shown, without_label
from mathagent.data.columns import Columns, find, missing
from mathagent.data.gold import Extraction, answer_of, worked_answer
from mathagent.data.problem import Option, Problem, RowError
from mathagent.data.values import is_chinese, jsonable, text_of

_ENDS_A_SENTENCE = (".", "?", "!", "。", "？", "！", ":", "：", ",", "，", ";", "；")
_LEVEL = re.compile(r"level\s+(\S.*)", re.IGNORECASE)
_LANGUAGES = {"english": "en", "chinese": "zh", "中文": "zh", "zh-cn": "zh", "cn": "zh"}
_OPTION_COLUMNS = ("A", "B", "C", "D", "E", "F", "G", "H")


@dataclass(frozen=True, slots=True)
class Rules:
    """How the rows of one file or hub configuration are read.

    columns: overrules what the names say. answer: how the answer is taken out. required: a row without one is an error.
    cut: a pattern whose first group is the problem's text. source, language, level: for rows that do not say.
    prefix: put in front of ids, so that those of several files differ.
    """

    columns: Columns = field(default_factory=dict)
    answer: Extraction = "auto"
    required: bool = False
    cut: re.Pattern[str] | None = None
    source: str = ""
    language: str = ""
    level: str | None = None
    prefix: str = ""


def build(row: Mapping[str, Any], rules: Rules, own_id: str) -> Problem:
    """The problem of a row. Raises RowError, which says what was found, and nothing else.

    Args:
        row: as it was read; it may hold anything.
        rules: how to read it.
        own_id: the id, without the prefix.
    """
    try:
        return _build(row, rules, own_id)
    except RecursionError:
        raise RowError("nested too deeply") from None


def _build(row: Mapping[str, Any], rules: Rules, own_id: str) -> Problem:
    stem = _stem(row, rules)
    options = _options(row, rules)
    gold, also, parts = _gold(row, rules, options)
    level = _first(row, "level", rules.columns) or rules.level
    if level is not None and (match := _LEVEL.fullmatch(level)):
        level = match[1]
    text = shown(stem, options)
    identifier = rules.prefix + own_id
    return Problem(
        id=identifier,
        text=text,
        gold=gold,
        also=also,
        parts=parts,
        level=level,
        kind=_first(row, "kind", rules.columns),
        source=_first(row, "source", rules.columns) or rules.source,
        language=_language(row, rules, text),
        stem=stem,
        options=options,
        solution=_solution(row, rules),
        group=identifier,
        extra=jsonable(row),
    )


def _stem(row: Mapping[str, Any], rules: Rules) -> str:
    found = find(row, "problem", rules.columns)
    texts = [(name, _spoken(value, name) or "") for name, value in found]
    if "problem" not in rules.columns:
        texts = [(name, text) for name, text in texts if text][:1]
        body = next((name for name in row if name.lower() == "body"), None)
        if body and texts and texts[0][0].lower() == "question":
            texts.insert(0, (body, _spoken(row[body], body) or ""))
    stem = ""
    for _, text in texts:
        if stem and text and not stem.endswith(_ENDS_A_SENTENCE):
            stem += "."  # SVAMP and ASDiv leave the last full stop of a body out
        stem = f"{stem} {text}".strip()
    if not found:
        raise missing("problem", row)
    if rules.cut is not None and (match := rules.cut.search(stem)):
        stem = match[1].strip()
    if not stem:
        raise RowError(f"column {' + '.join(name for name, _ in found)}: empty")
    return stem


def _spoken(value: object, column: str) -> str | None:
    """The text of a cell; of a list of chat messages, the first one of the user."""
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, Mapping) for item in value):
        said = [item.get("content") for item in value if item.get("role") == "user"]
        return text_of(said[0], column) if said else None
    return text_of(value, column)


def _options(row: Mapping[str, Any], rules: Rules) -> tuple[Option, ...]:
    found = find(row, "options", rules.columns)
    if "options" in rules.columns and len(found) > 1:
        return read_options([value for _, value in found], "+".join(name for name, _ in found))
    for name, value in found:
        if options := read_options(value, name):
            return options
    texts = []
    for label in _OPTION_COLUMNS:
        if (text := text_of(row.get(label), label)) is None:
            break
        texts.append(Option(label, text))
    return tuple(texts) if len(texts) >= 2 else ()


def _gold(
    row: Mapping[str, Any], rules: Rules, options: tuple[Option, ...]
) -> tuple[str | None, tuple[str, ...], tuple[str, ...]]:
    """The answer, other right texts, and its parts."""
    if rules.answer == "none":
        return None, (), ()
    found = find(row, "answer", rules.columns)
    for place, (name, value) in enumerate(found):
        if options and isinstance(value, (int, list, tuple)) and not isinstance(value, bool) and value != []:
            return *right_option(value, options, name), ()
        if (text := text_of(value, name)) is None:
            continue
        if options:
            return *right_option(text, options, name), ()
        if name.lower() == "choice_answer":  # the options stand in the text; `answer` is the right one's text
            others = [
                text_of(other, named) for named, other in found[place + 1 :] if named.lower() == "answer"
            ]
            return text, tuple(without_label(other, text) for other in others if other and other != text), ()
        answer, parts = answer_of(text, rules.answer, name)
        return answer, (), parts
    for name, value in find(row, "solution", {} if "answer" in rules.columns else rules.columns):
        if (text := _worked(value, name)) and (answer := worked_answer(text)):
            return answer, (), ()
    if rules.required:
        raise RowError(f"no answer; has: {', '.join(row)[:200]}")
    return None, (), ()


def _solution(row: Mapping[str, Any], rules: Rules) -> str | None:
    for name, value in find(row, "solution", rules.columns):
        if text := _worked(value, name):
            return text
    for name, value in find(row, "answer", rules.columns):
        if isinstance(value, str) and (worked := worked_answer(value)) and worked != value.strip():
            return text_of(value, name)
    return None


def _worked(value: object, column: str) -> str | None:
    """A solution; the first one of a list."""
    if isinstance(value, (list, tuple)):
        value = next(iter(value), None)
    return text_of(value, column)


def _first(row: Mapping[str, Any], role: Any, columns: Columns) -> str | None:
    """The first value that a role has; where nobody mapped it, one that is no text counts as none."""
    for name, value in find(row, role, columns):
        try:
            if text := text_of(value, name):
                return text
        except RowError:
            if role in columns:
                raise
    return None


def _language(row: Mapping[str, Any], rules: Rules, text: str) -> str:
    said = (_first(row, "language", rules.columns) or "").lower()
    said = _LANGUAGES.get(said, said)
    if re.fullmatch(r"[a-z]{2,3}", said):
        return said
    return rules.language or ("zh" if is_chinese(text) else "")
