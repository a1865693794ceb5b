"""OpenMath: the demonstrations of NeMo-Skills, in the old tags (`<llm-code>`) and in the new ones (`<tool_call>`).

The same texts with the delimiters of either generation of models filled in; written by people, not by models.
"""

from __future__ import annotations

import re
from pathlib import Path

from mathagent.answers import boxed
from tests.playback.records import Record, rows
from tests.replay.recording import FENCED_OUTPUT, Recording

_OLD = {"code": r"<llm-code>\n(.*?)</llm-code>\n", "output": r"<llm-code-output>\n(.*?)\n?</llm-code-output>"}
_NEW_TAGS = {
    "code_begin": "<tool_call>\n",
    "code_end": "</tool_call>\n",
    "code_output_begin": "```output",
    "code_output_end": "```\n",
}
_NEW = {"code": r"<tool_call>\n(.*?)</tool_call>\n", "output": r"```output\n(.*?)\n?```"}
# The notice of the executions that remain follows an output; the demonstrations have none.
_NOTICE = r"\s*```system\n.*?```"


def load_old(file: Path) -> list[Record]:
    """The texts with `<llm-code>`."""
    block = r"<llm-code-output>.*?</llm-code-output>"
    return [
        _record(source, row["problem"], row["solution_openmath"], _OLD, block) for source, row in rows(file)
    ]


def load_new(file: Path) -> list[Record]:
    """The texts with `<tool_call>` and ```output fences."""
    return [
        _record(
            source, row["problem"], _filled(row["solution_template"]), _NEW, f"{FENCED_OUTPUT}(?:{_NOTICE})?"
        )
        for source, row in rows(file)
    ]


def _filled(template: str) -> str:
    """A template with the new tags; not `str.format`, because LaTeX is full of braces."""
    for name, tag in _NEW_TAGS.items():
        template = template.replace("{" + name + "}", tag)
    return template


def _record(source: str, problem: str, text: str, forms: dict[str, str], output_block: str) -> Record:
    said, outputs, printed, at = [], [], [], 0
    for match in re.finditer(forms["output"], text, re.DOTALL):
        said.append(text[at : match.start()])
        outputs.append(match[0])
        printed.append(match[1])
        at = match.end()
    said.append(text[at:])
    answer = (boxed(text) or [""])[-1]
    return Record(
        source,
        Recording(problem.strip(), tuple(said), tuple(outputs), output_block=output_block, source=source),
        codes=tuple(re.findall(forms["code"], text, re.DOTALL)),
        outputs=tuple(printed),
        answer=answer,
        gold=answer,
        notice=_NOTICE,
    )
