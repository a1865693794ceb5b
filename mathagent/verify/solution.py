"""The text of a solution as a verifier is shown it, whatever protocol it was written in.

Prose stays as it is, code and outputs stand in fences of Markdown. Nothing in it can end the message that it stands in,
or the place that a prompt gives it: special tokens and the prompts' own tags get a space inside.
"""

from __future__ import annotations

import re

from mathagent.protocols.rendering import defused
from mathagent.run.rows import Row

_MARKS = re.compile(r"</?solution|<extra_\d+>", re.IGNORECASE)
_FENCES = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


def solution_of(row: Row) -> str:
    """The solution of a row: its steps (`steps`, as InternLM-Math's agent writes them), else its whole reply."""
    text = "\n\n".join(filter(None, map(_step, row.steps))) if row.steps else row.generation
    return harmless(text.strip())


def harmless(text: str) -> str:
    """The text with a space inside of everything that a tokenizer, a template or one of our prompts might obey."""
    return _MARKS.sub(lambda match: f"{match[0][0]} {match[0][1:]}", defused(text))


def _step(step: dict[str, object]) -> str:
    role, content = step.get("role"), step.get("content")
    if role == "tool" and isinstance(content, dict):
        command = content.get("parameters", {}).get("command", "")
        return str(command).strip()
    if role == "environment":
        body = str(content).rstrip("\n")
        fence = "`" * max(3, 1 + max(map(len, _FENCES.findall(body)), default=0))
        return f"{fence}output\n{body}\n{fence}"
    return str(content or "").strip()
