r"""InternLM2's code interpreter: ``<|action_start|><|interpreter|>``, code, ``<|action_end|>``, an environment turn.

Spoken by InternLM2-Chat, InternLM2-Math(-Plus) and InternLM2.5. The form is that of InternLM's chat_format.md and of
lagent's Internlm2Protocol, with which the InternLM2-Math agent was measured. Calls of ``<|plugin|>`` are no code.
"""

from __future__ import annotations

from collections.abc import Sequence

from mathagent.protocols.base import Block, Part, Span, WireProtocol
from mathagent.protocols.delimited import DelimitedParser, Ends
from mathagent.protocols.tokens import Tokens, joined_spans, text_input
from mathagent.types import Message, ModelInput

_START, _END = "<|im_start|>", "<|im_end|>"
_ACTION, _ACTION_END = "<|action_start|>", "<|action_end|>"
_INTERPRETER, _PLUGIN = "<|interpreter|>", "<|plugin|>"
TOKENS = Tokens(
    (_START, _END, _ACTION, _ACTION_END, _INTERPRETER, _PLUGIN),
    others=(r"</?s>", r"<unk>", r"\[UNUSED_TOKEN_\d+\]"),
)


class InternLM2Parser(DelimitedParser):
    """Finds what is sent to the interpreter; `<|action_start|>` in front of it may be missing."""

    def __init__(self) -> None:
        super().__init__(TOKENS)
        self._action: int | None = None  # the piece of prose that is the last <|action_start|>

    def opens(self, token: str) -> int | None:
        """See `DelimitedParser.opens`."""
        last, action = len(self.prose) - 1, self._action
        self._action = last if token == _ACTION else None
        if token != _INTERPRETER:
            return None
        if action is not None and not "".join(self.prose[action + 1 : last]).strip():
            return action
        return last

    def ends(self, token: str) -> Ends:
        """See `DelimitedParser.ends`."""
        return "closes" if token == _ACTION_END else "breaks"


class InternLM2(WireProtocol):
    """The protocol: a rendered prompt, outputs as environment turns."""

    name = "internlm2"
    description = (
        "<|action_start|><|interpreter|> ... <|action_end|> and environment turns (InternLM2-Math, 2, 2.5)"
    )
    example = f"{_ACTION}{_INTERPRETER}\n```python\nprint(6 * 7)\n```{_ACTION_END}"
    stop = (_ACTION_END,)
    ends = (_END,)
    continues = "always"

    def parser(self, reply: str = "") -> InternLM2Parser:
        """See `WireProtocol.parser`."""
        return InternLM2Parser()

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`."""
        return text_input("".join(map(_turn, messages)) + f"{_START}assistant\n", reply)

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        closing = "" if block.closed else _ACTION_END
        turn = _turn(Message("environment", shown, name=_INTERPRETER))
        return f"{closing}\n{_END}\n{turn}{_START}assistant\n"

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `WireProtocol.spans`. A call that was not run is markup, with all that is in it."""
        spans, call = [], False
        for piece, is_token in TOKENS.split(prose):
            if is_token:
                call = piece not in (_ACTION_END, _END) and (call or piece != _START)
            spans.append(Span("markup" if is_token or call else "text", piece))
        return joined_spans(spans)


def _turn(message: Message) -> str:
    """One turn. Only a prompt's author and the model itself may write special tokens."""
    trusted = message.role in ("system", "assistant")
    content = message.content.removesuffix(_END) if trusted else TOKENS.defused(message.content)
    name = "" if message.name is None else f" name={message.name}"
    return f"{_START}{message.role}{name}\n{content}{_END}\n"
