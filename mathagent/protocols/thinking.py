"""Thinking in the text of a reply, between `<think>` and `</think>`: shown apart, never searched for the answer.

A `<think>` counts at the beginning of a line only, so that one can write about the tag. Templates that put `<think>`
into the prompt leave a reply with a `</think>` alone: then everything before it is thinking.
"""

from __future__ import annotations

import re

from mathagent.protocols.base import Span

OPEN, CLOSE = "<think>", "</think>"
_TAGS = re.compile(r"(?P<open>(?:(?<=\n)|\A)[ \t\r]*<think>)|(?P<close></think>)")


def thinking_spans(prose: str, *, inside: bool = False) -> tuple[Span, ...]:
    """The text and the thinking of a stretch's prose, and the tags between them as markup.

    inside: the stretch begins inside of thinking.
    """
    spans: list[Span] = []
    at = 0
    for tag in _TAGS.finditer(prose):
        if tag["open"] and inside:
            continue
        if tag["close"] and not inside:  # it was thinking all along
            spans = [Span("thinking", span.raw) if span.kind == "text" else span for span in spans]
            inside = True
        _append(spans, "thinking" if inside else "text", prose[at : tag.start()])
        _append(spans, "markup", tag[0])
        at, inside = tag.end(), bool(tag["open"])
    _append(spans, "thinking" if inside else "text", prose[at:])
    return tuple(spans)


def ends_inside(reply: str) -> bool:
    """Whether a reply ends inside of thinking that it has opened."""
    inside = False
    for tag in _TAGS.finditer(reply):
        inside = bool(tag["open"])
    return inside


def split_markup(spans: tuple[Span, ...], markup: re.Pattern[str]) -> tuple[Span, ...]:
    """The spans, with what `markup` matches in their text as spans of their own."""
    split: list[Span] = []
    for span in spans:
        at = 0
        for match in markup.finditer(span.raw) if span.kind == "text" else ():
            _append(split, "text", span.raw[at : match.start()])
            _append(split, "markup", match[0])
            at = match.end()
        _append(split, span.kind, span.raw[at:])
    return tuple(split)


def _append(spans: list[Span], kind: str, raw: str) -> None:
    if raw:
        spans.append(Span("text" if kind == "text" else "thinking" if kind == "thinking" else "markup", raw))
