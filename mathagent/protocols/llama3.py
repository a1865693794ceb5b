r"""Llama 3's code interpreter: ``<|python_tag|>``, code, ``<|eom_id|>``, and the output as a turn of ``ipython``.

Spoken by the instruction models of Llama 3.1 to 3.3 when the system text begins with "Environment: ipython" (Meta's
prompt_format.md); Llama 3.0 has no such tokens. A message that ends with ``<|eom_id|>`` and has only a Markdown fence
of Python is taken for code too: the smaller models write that.
"""

from __future__ import annotations

from collections.abc import Sequence

from mathagent.protocols.base import Block, Part, Span, WireProtocol
from mathagent.protocols.delimited import DelimitedParser, Ends
from mathagent.protocols.markdown import MarkdownParser
from mathagent.protocols.tokens import Tokens, joined_spans, text_input
from mathagent.types import Message, ModelInput

_TAG, _CALL_END, _TURN_END = "<|python_tag|>", "<|eom_id|>", "<|eot_id|>"
_ROLE, _ROLE_END = "<|start_header_id|>", "<|end_header_id|>"
TOKENS = Tokens(
    (_TAG, _CALL_END, _TURN_END, _ROLE, _ROLE_END),
    others=(
        r"<\|(?:begin_of_text|end_of_text|finetune_right_pad_id|step_id|image)\|>",
        r"<\|reserved_special_token_\d+\|>",
    ),
)


class Llama3Parser(DelimitedParser):
    """Finds what follows the tag; a fence, where a call ends without one."""

    def __init__(self) -> None:
        super().__init__(TOKENS)
        self._untagged = False  # a call has ended without a tag

    def opens(self, token: str) -> int | None:
        """See `DelimitedParser.opens`."""
        return len(self.prose) - 1 if token == _TAG else None

    def ends(self, token: str) -> Ends:
        """See `DelimitedParser.ends`."""
        return "closes" if token in (_CALL_END, _TURN_END) else "breaks"

    def take(self, token: str, work: str, end: int) -> Block | None:
        """See `DelimitedParser.take`."""
        block = super().take(token, work, end)
        if block is not None or token != _CALL_END or self._untagged:
            return block
        self._untagged, parser = True, MarkdownParser()
        block = parser.feed("".join(self.prose[:-1])) or parser.finish(ended=True)
        if block is None:
            return None
        return Block(block.before, block.raw, block.code, block.rest + token + work[end:], block.closed)


class Llama3(WireProtocol):
    """The protocol: a rendered prompt, outputs as turns of `ipython`."""

    name = "llama3"
    description = "<|python_tag|> ... <|eom_id|> and turns of ipython (Llama 3.1 to 3.3 Instruct)"
    example = f"{_TAG}print(6 * 7){_CALL_END}"
    ends = (_CALL_END, _TURN_END)
    continues = "always"

    def parser(self, reply: str = "") -> Llama3Parser:
        """See `WireProtocol.parser`."""
        return Llama3Parser()

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`."""
        return text_input("".join(map(_turn, messages)) + _header("assistant"), reply)

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        closing = "" if block.raw.endswith(self.ends) else _CALL_END
        shown = shown.replace("[/stdout]", "[ /stdout]")
        turn = _turn(Message("ipython", f"completed\n[stdout]{shown}[/stdout]" if shown else "completed"))
        return closing + turn + _header("assistant")

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `WireProtocol.spans`. Code that was not run is markup."""
        spans, call = [], False
        for piece, is_token in TOKENS.split(prose):
            if is_token:
                call = piece == _TAG or (call and piece not in (_CALL_END, _TURN_END))
            spans.append(Span("markup" if is_token or call else "text", piece))
        return joined_spans(spans)


def _header(role: str) -> str:
    return f"{_ROLE}{role}{_ROLE_END}\n\n"


def _turn(message: Message) -> str:
    """One turn. Only a prompt's author and the model itself may write special tokens."""
    if message.role in ("system", "assistant"):
        return f"{_header(message.role)}{message.content.removesuffix(_TURN_END)}{_TURN_END}"
    role = "ipython" if message.role == "environment" else message.role
    return f"{_header(role)}{TOKENS.defused(message.content)}{_TURN_END}"
