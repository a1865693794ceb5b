r"""MathCoder's blocks: ``<|text|>``, ``<|code|>`` and ``<|execution|>``, each up to ``<|endofblock|>``, in one message.

The form is that of MathCoder's inference.py. No stop string stands behind code only, so the parser finds its end and
the stream is closed there: to stop at every ``<|endofblock|>`` would cost a request for each block of text.
"""

from __future__ import annotations

from collections.abc import Sequence

from mathagent.protocols.base import Block, Part, Span, WireProtocol
from mathagent.protocols.delimited import DelimitedParser, Ends
from mathagent.protocols.tokens import Tokens, joined_spans, text_input
from mathagent.types import Message, ModelInput

_TEXT, _CODE, _EXECUTION, _END = "<|text|>", "<|code|>", "<|execution|>", "<|endofblock|>"
_END_MESSAGE = "<|endofmessage|>"
TOKENS = Tokens(
    (_TEXT, _CODE, _EXECUTION, _END, _END_MESSAGE, "<|system|>", "<|user|>", "<|assistant|>"),
    others=(r"</?s>", r"<unk>", r"<\|im_(?:start|end)\|>"),
)
_EMPTY = "<empty_execution>"


class MathCoderParser(DelimitedParser):
    """Finds a block of code."""

    def __init__(self) -> None:
        super().__init__(TOKENS)

    def opens(self, token: str) -> int | None:
        """See `DelimitedParser.opens`."""
        return len(self.prose) - 1 if token == _CODE else None

    def ends(self, token: str) -> Ends:
        """See `DelimitedParser.ends`."""
        return "closes" if token == _END else "breaks"


class MathCoder(WireProtocol):
    """The protocol: a rendered prompt and one assistant message of blocks."""

    name = "mathcoder"
    description = "<|code|> ... <|endofblock|> and <|execution|> blocks in one assistant message (MathCoder)"
    example = f"{_CODE}print(6 * 7){_END}"
    stop = (_EXECUTION,)  # an output of the model's own making
    ends = (_END_MESSAGE,)
    continues = "always"

    def parser(self, reply: str = "") -> MathCoderParser:
        """See `WireProtocol.parser`."""
        return MathCoderParser()

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`."""
        return text_input("".join(map(_message, messages)) + "<|assistant|>", reply)

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        closing = "" if block.closed else _END
        return f"{closing}{_EXECUTION}{TOKENS.defused(shown) or _EMPTY}{_END}"

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `WireProtocol.spans`. Code that was not run, and an output without code before it, are markup."""
        spans, markup = [], False
        for piece, is_token in TOKENS.split(prose):
            if is_token:
                markup = piece in (_CODE, _EXECUTION)
            spans.append(Span("markup" if is_token or markup else "text", piece))
        return joined_spans(spans)


def _message(message: Message) -> str:
    """One message. Only a prompt's author and the model itself may write special tokens."""
    if message.role == "assistant":
        return f"<|assistant|>{message.content.removesuffix(_END_MESSAGE)}{_END_MESSAGE}"
    content = message.content if message.role == "system" else TOKENS.defused(message.content)
    return f"<|{message.role}|>{_TEXT}{content}{_END}{_END_MESSAGE}"
