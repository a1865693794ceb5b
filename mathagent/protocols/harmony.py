r"""Harmony, the format of gpt-oss, with its built-in python tool, through completions as text.

A reply is a row of messages, each on a channel: ``analysis`` is thinking, ``final`` the answer; a message to ``python``
is code and ends with ``<|call|>``, and its output is a message of ``python`` on the same channel. The form is that of
OpenAI's docs/format.md, held against the openai-harmony package's own renderer and parser: the recipient may stand in
the role or in the channel part of the header, with or without a content type after it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Literal

from mathagent.protocols.base import Block, Channel, Part, Span, WireProtocol
from mathagent.protocols.delimited import DelimitedParser, Ends, unfenced
from mathagent.protocols.tokens import Tokens, joined_spans, text_input
from mathagent.types import Message, ModelInput

_START, _CHANNEL, _MESSAGE, _CONSTRAIN = "<|start|>", "<|channel|>", "<|message|>", "<|constrain|>"
_END, _CALL, _RETURN = "<|end|>", "<|call|>", "<|return|>"
TOKENS = Tokens(
    (_START, _CHANNEL, _MESSAGE, _CONSTRAIN, _END, _CALL, _RETURN),
    others=(
        r"<\|(?:startoftext|endoftext|endofprompt|refusal|untrusted|end_untrusted)\|>",
        r"<\|reserved_\d+\|>",
    ),
)
_ENDS = (_END, _CALL, _RETURN)
_FINAL = f"{_CHANNEL}final{_MESSAGE}"
_TO_PYTHON = re.compile(r"to=(?:functions\.)?python\b")
_ROLE = re.compile(r"<\|start\|>\s*(\w+)")
_ON_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")

Kind = Literal["text", "thinking", "markup"]


class HarmonyParser(DelimitedParser):
    """Finds a message to python. It begins to read inside of a header, after `<|start|>assistant`."""

    def __init__(self) -> None:
        super().__init__(TOKENS)
        self._header: int | None = 0  # the piece of prose at which the present header began
        self._channel: Channel = "text"

    @property
    def channel(self) -> Channel:
        """See `Parser.channel`."""
        return "code" if super().channel == "code" else self._channel

    def opens(self, token: str) -> int | None:
        """See `DelimitedParser.opens`."""
        last = len(self.prose) - 1
        if token in _ENDS:
            self._header = last + 1
        elif token == _START or (token == _CHANNEL and self._header is None):
            self._header = last
        elif token == _MESSAGE and self._header is not None:
            start, self._header = self._header, None
            header = "".join(self.prose[start:])
            self._channel = "text" if _kind(header) == "text" else "reasoning"
            return start if _TO_PYTHON.search(header) else None
        return None

    def ends(self, token: str) -> Ends:
        """See `DelimitedParser.ends`."""
        if token in _ENDS:
            self._header = len(self.prose)  # if the block turns out to be empty
            return "closes"
        return "breaks" if token == _START else ""

    def code(self, inside: str, opening: str) -> str:
        """See `DelimitedParser.code`."""
        return _from_json(inside) or unfenced(inside)


class Harmony(WireProtocol):
    """The protocol: a rendered prompt and one reply of many messages."""

    name = "harmony"
    description = "messages on channels, those to python ending with <|call|> (gpt-oss)"
    example = f"{_CHANNEL}analysis to=python code{_MESSAGE}print(6 * 7){_CALL}"
    ends = (_CALL, _RETURN)
    continues = "always"

    def parser(self, reply: str = "") -> HarmonyParser:
        """See `WireProtocol.parser`."""
        return HarmonyParser()

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`."""
        return text_input("".join(map(_message, messages)) + f"{_START}assistant", reply)

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        closing = "" if block.closed else _CALL
        on = _ON_CHANNEL.search(block.raw)
        header = f"{_START}python to=assistant{_CHANNEL}{on[1] if on else 'analysis'}{_MESSAGE}"
        return f"{closing}{header}{TOKENS.defused(shown)}{_END}{_START}assistant"

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `WireProtocol.spans`. Thinking is all but the final channel; headers are markup."""
        kind: Kind | None = None  # of the message; None inside of a header
        spans, header, bare = [], "", True
        for piece, is_token in TOKENS.split(prose):
            bare = bare and not is_token
            if piece == _START or piece in _ENDS or (piece == _CHANNEL and kind is not None):
                kind, header = None, ""
            header += piece if kind is None else ""
            spans.append(Span("markup" if is_token or kind is None else kind, piece))
            if piece == _MESSAGE and kind is None:
                kind = _kind(header)
        if bare:  # a server that leaves special tokens out
            return (Span("text", prose),) if prose else ()
        return joined_spans(spans)


def _kind(header: str) -> Kind:
    """What a message with this header is: text for the reader, thinking, or (a call, another's turn) markup."""
    role = _ROLE.match(header)
    if "to=" in header or (role is not None and role[1] != "assistant"):
        return "markup"
    channel = _ON_CHANNEL.search(header)
    return "thinking" if channel is not None and channel[1] != "final" else "text"


def _message(message: Message) -> str:
    """One message. Only a prompt's author and the model itself may write special tokens."""
    if message.role == "system":
        return f"{_START}{message.name or 'system'}{_MESSAGE}{message.content}{_END}"
    if message.role == "assistant":
        return f"{_START}assistant{_earlier(message.content)}{_END}"
    return f"{_START}{message.role}{_MESSAGE}{TOKENS.defused(message.content)}{_END}"


def _earlier(reply: str) -> str:
    """An earlier reply: its final message only, which is what the model was trained on; all, if it had none."""
    _, final, text = reply.rpartition(_FINAL)
    if not final and _MESSAGE in reply:
        final, text = "", reply.removesuffix(f"{_START}assistant")
    for end in _ENDS:
        text = text.removesuffix(end)
    return (final or ("" if _MESSAGE in reply else _FINAL)) + text


def _from_json(inside: str) -> str:
    """The code in a JSON object, as some replies have it; "" where there is none."""
    if not inside.lstrip().startswith("{"):
        return ""
    try:
        values = json.loads(inside)
    except (ValueError, RecursionError):
        return ""
    found = [values[key] for key in ("code", "input", "script", "cmd") if key in values]
    return found[0] if found and isinstance(found[0], str) else ""
