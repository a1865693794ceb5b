"""What protocols of tags share: the code between two tags, plain or as the arguments of a call."""

from __future__ import annotations

import json
import re
from typing import Any

from mathagent.protocols.delimited import unfenced
from mathagent.protocols.source import dedent

_CALL = re.compile(r"\s*(?:\{\s*\"(?:name|arguments|parameters|code|id|type|function)\"\s*:|<function=)")
_STRING = re.compile(r"\"code\"\s*:\s*\"((?:\\.|[^\"\\])*)", re.DOTALL)
_ELEMENT = re.compile(r"<parameter=code>\r?\n?(.*?)(?:\r?\n)?(?:</parameter>|\Z)", re.DOTALL)


def tagged_code(text: str) -> str:
    """Code between two tags: without a Markdown fence and blank lines around it, and without its common indentation."""
    first = text.partition("\n")[0]
    # On the line of the tag its indentation means nothing, and that of the lines below is not its own.
    return (unfenced(text.lstrip(" \t")) if first.strip() else dedent(unfenced(text))).rstrip()


def is_call(text: str) -> bool:
    """Whether the text between two tags is a structured call, in JSON or in Qwen3-Coder's XML, and no Python."""
    return _CALL.match(text) is not None


def call_code(text: str) -> str | None:
    """The code in a structured call that a model wrote as text, damaged JSON included; None if there is none."""
    if element := _ELEMENT.search(text):
        return str(element[1])
    try:
        found = _code_in(json.loads(text, strict=False))
    except (ValueError, RecursionError):
        match = _STRING.search(text)
        found = _unquoted(match[1]) if match else None
    return found if found and found.strip() else None


def _code_in(call: Any) -> str | None:
    """The value of "code", in the call itself or in its arguments, which may be JSON in a string."""
    if isinstance(call, str):
        text = call
        try:
            call = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            return text  # the arguments are the code itself
    if not isinstance(call, dict):
        return None
    code: object = call.get("code")
    if isinstance(code, str):
        return code
    for key in ("arguments", "parameters", "function"):
        if call.get(key) is not None and (inside := _code_in(call[key])):
            return inside
    return None


def _unquoted(inside: str) -> str:
    try:
        text: str = json.loads(f'"{inside}"', strict=False)
    except ValueError:
        return inside
    return text
