"""``<tool_call>`` ... ``</tool_call>`` with Python inside, and an output fence: the OpenMath-Nemotron models.

The form is that of NeMo-Skills' code tags `openmath` and its `format_code_output` (arXiv 2504.16891): the output
follows in the same message, and a system fence counts the executions that remain. These models compute while they
think, so that code inside of `<think>` is run. Calls in JSON, as Qwen's models write them between the same tags, are
taken for what they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from mathagent.protocols.base import Block, Part, Span, WireProtocol
from mathagent.protocols.fenced import FencedParser, Tags
from mathagent.protocols.rendering import continued_chat, fenced_output, turns
from mathagent.protocols.tags import call_code, is_call, tagged_code
from mathagent.protocols.thinking import ends_inside, thinking_spans
from mathagent.types import Message, ModelInput

_CALL, _END = "<tool_call>", "</tool_call>"
_NO_PROSE = re.compile(rf"{_CALL}.*?{_END}|^(`{{3,}})output\n.*?^\1$", re.DOTALL | re.MULTILINE)


def _code(inside: str) -> str:
    if is_call(inside):
        return call_code(inside) or inside.strip()
    return tagged_code(inside)


_TAGS = Tags(_CALL, _END, _code, lines=re.compile(r"[ \t]*```output\b"), in_thinking=True)


class OpenMath(WireProtocol):
    """The protocol: one assistant message that grows."""

    name = "openmath"
    description = "<tool_call> and ```output in one assistant message, while thinking too (OpenMath-Nemotron)"
    example = f"{_CALL}\nprint(6 * 7)\n{_END}"
    stop = (_END,)
    counts: ClassVar[bool] = True
    """Whether the model is told how many executions remain."""

    def parser(self, reply: str = "") -> FencedParser:
        """See `WireProtocol.parser`."""
        return FencedParser(_TAGS, fences=False, thinking=_thinks_after(reply))

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`."""
        return continued_chat(messages, reply) if can_continue else turns(messages, reply)

    def fault(self, block: Block) -> str:
        """See `WireProtocol.fault`."""
        inside = block.raw.removeprefix(_CALL).removesuffix(_END)
        if is_call(inside) and call_code(inside) is None:
            return f"this call holds no code: write Python between {_CALL} and {_END}"
        return ""

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        closing = "" if block.closed else f"{'' if block.raw.endswith(chr(10)) else chr(10)}{_END}"
        return f"{closing}\n{fenced_output(shown, _CALL, _END)}{_notice(left) if self.counts else ''}"

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `WireProtocol.spans`."""
        return thinking_spans(prose, inside=_thinks_after(before))


class OpenMathKaggle(OpenMath):
    """The same for OpenMath-Nemotron-14B-Kaggle, which was trained without the count."""

    name = "openmath-kaggle"
    description = "openmath without the count of remaining executions (OpenMath-Nemotron-14B-Kaggle)"
    counts = False


def _thinks_after(reply: str) -> bool:
    """Whether the model is thinking at the end of a reply: code and outputs say nothing about it."""
    return ends_inside(_NO_PROSE.sub("", reply))


def _notice(left: int) -> str:
    """The system fence, which begins as in training."""
    if left > 0:
        words = f"Remaining code executions: {left}. Without any left, you can still reason to the end."
    else:
        words = "You have run out of code executions! Reason to the end without code."
    return f"```system\n{words}\n```\n"
