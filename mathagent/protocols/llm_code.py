"""``<llm-code>`` ... ``</llm-code>`` and ``<llm-code-output>``: OpenMath's first models (Mistral, CodeLlama, Llama-2).

The form is that of OpenMathInstruct-1 (arXiv 2402.10176). These models like to make up the output: it is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence

from mathagent.protocols.base import Block, Part, Span, WireProtocol
from mathagent.protocols.fenced import FencedParser, Tags
from mathagent.protocols.rendering import continued_chat, defused, turns
from mathagent.protocols.tags import tagged_code
from mathagent.protocols.thinking import thinking_spans
from mathagent.types import Message, ModelInput

_CODE, _END = "<llm-code>", "</llm-code>"
_OUTPUT, _OUTPUT_END = "<llm-code-output>", "</llm-code-output>"
_TAGS = Tags(_CODE, _END, tagged_code, others=(_OUTPUT, _OUTPUT_END))


class LlmCode(WireProtocol):
    """The protocol: one assistant message that grows."""

    name = "llm-code"
    description = (
        "<llm-code> and <llm-code-output> in one assistant message (OpenMath-Mistral, -CodeLlama, -Llama)"
    )
    example = f"{_CODE}\nprint(6 * 7)\n{_END}"
    stop = (_END, _OUTPUT)

    def parser(self, reply: str = "") -> FencedParser:
        """See `WireProtocol.parser`."""
        return FencedParser(_TAGS, fences=False)

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`."""
        return continued_chat(messages, reply) if can_continue else turns(messages, reply)

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        closing = "" if block.closed else f"{'' if block.raw.endswith(chr(10)) else chr(10)}{_END}"
        body = defused(shown, _CODE, _END, _OUTPUT, _OUTPUT_END)
        return f"{closing}\n{_OUTPUT}\n{body}{chr(10) if body else ''}{_OUTPUT_END}\n"

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `WireProtocol.spans`."""
        return thinking_spans(prose)
