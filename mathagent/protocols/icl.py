r"""In-context learning for base models: a completion prompt of ``Question: ... Answer: ...``, worked examples first.

The setting in which the InternLM-Math paper measures base models. A model without a chat template goes on with the
text; it stops where it begins a question of its own. Code stands in fences, as in ToRA's examples.
"""

from __future__ import annotations

from collections.abc import Sequence

from mathagent.protocols.base import Part, Span
from mathagent.protocols.markdown import Markdown
from mathagent.protocols.prose import Prose
from mathagent.protocols.tokens import Tokens, text_input
from mathagent.types import Message, ModelInput

_QUESTION, _ANSWER = "Question:", "Answer:"
_NEXT = f"\n{_QUESTION}"
TOKENS = Tokens(
    ("<|endoftext|>", "<|im_start|>", "<|im_end|>"), others=(r"<\|[a-z_]+\|>", r"</?s>", r"<eos>")
)


class Icl(Markdown):
    """The protocol: a text that goes on, with fenced code and outputs."""

    name = "icl"
    description = "Question: ... Answer: ... with worked examples and fenced code (base models)"
    ends = (_NEXT,)
    continues = "always"

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`. System texts stand alone; users ask, assistants answer."""
        return _request(messages, reply)

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `WireProtocol.spans`. A question that the model begins is no part of its answer."""
        return _spans(prose)


class IclProse(Prose):
    """The same without code."""

    name = "icl-cot"
    description = "Question: ... Answer: ... with worked examples in words, no code is run (base models)"
    ends = (_NEXT,)
    continues = "always"

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `Icl.request`."""
        return _request(messages, reply)

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `Icl.spans`."""
        return _spans(prose)


def _request(messages: Sequence[Message], reply: Sequence[Part]) -> ModelInput:
    return text_input("".join(map(_section, messages)) + _ANSWER, reply, special_tokens=False)


def _spans(prose: str) -> tuple[Span, ...]:
    answer, question, rest = prose.partition(_NEXT)
    spans = (Span("text", answer), Span("markup", question + rest))
    return tuple(span for span in spans if span.raw)


def _section(message: Message) -> str:
    if message.role == "system":
        return f"{message.content}\n\n"
    if message.role == "assistant":
        answer = message.content.partition(_NEXT)[0].rstrip("\n")
        return f"{_ANSWER}{'' if answer[:1].isspace() else ' '}{answer}\n\n"
    return f"{_QUESTION} {TOKENS.defused(message.content)}\n"
