"""OpenAI-style tool calls in JSON: Qwen3 and later, and any model behind a hosted endpoint.

The model has one tool, `python`, with its code as the argument; the server takes calls out of the text and sends them
apart. Here they are written down as frames (see `frames`), so that a reply stays one text, and taken apart into
messages again for each request. The first of several calls is run; the others are not kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mathagent.protocols.base import Block, Channel, Part, Span, WireProtocol
from mathagent.protocols.frames import MARK, Frame, escaped, frame, read_details, read_frames, unescaped
from mathagent.protocols.rendering import defused
from mathagent.protocols.thinking import thinking_spans
from mathagent.types import ChatInput, Chunk, Message, ModelInput, ToolCall

TOOL: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": "python",
        "description": (
            "Run Python in a Jupyter kernel that keeps its variables from call to call. What it prints, and the value "
            "of its last line, come back. sympy and numpy are there; there is no network."
        ),
        "parameters": {
            "type": "object",
            "properties": {"code": {"type": "string", "description": "the code to run"}},
            "required": ["code"],
        },
    },
}
_CALL, _END = f"\n{MARK}call ", f"\n{MARK}end\n"
_NOTHING = "[no output]"


class ToolsParser:
    """Finds the first call; see `Parser`."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._tail = ""  # the end of the text, as long as it may be the beginning of a frame
        self._at = 0  # where it begins
        self._start: int | None = None  # of the call
        self._done = False

    @property
    def channel(self) -> Channel:
        """See `Parser.channel`."""
        return "text" if self._start is None else "code"

    def feed(self, text: str) -> Block | None:
        """See `Parser.feed`."""
        self._pieces.append(text)
        work, at = self._tail + text, 0
        while True:
            if self._start is None:
                if (found := work.find(_CALL, at)) < 0:
                    break
                self._start, at = self._at + found, found + len(_CALL)
            end, call = work.find(_END, at), work.find(_CALL, at)
            if end >= 0 and (call < 0 or end < call):
                return self._block(self._at + end, self._at + end + len(_END), closed=True)
            if call >= 0:
                return self._block(self._at + call, self._at + call, closed=False)
            break
        held = max(at, len(work) - max(len(_CALL), len(_END)) + 1)
        self._tail, self._at = work[held:], self._at + held
        return None

    def finish(self, *, ended: bool) -> Block | None:
        """See `Parser.finish`."""
        end = self._at + len(self._tail)
        return self._block(end, end, closed=False) if ended and self._start is not None else None

    def _block(self, call_end: int, raw_end: int, *, closed: bool) -> Block:
        assert self._start is not None
        text = "".join(self._pieces)
        raw = text[self._start : raw_end]
        inside = text[self._start : call_end]
        call = _read(inside)
        return Block(text[: self._start], raw, _code(call) or call.arguments, text[raw_end:], closed)


class Tools(WireProtocol):
    """The protocol: a chat with a tool, written into one text."""

    name = "tools"
    description = (
        "JSON calls of a python tool (Qwen3 and later, hosted models; vLLM needs a tool-call parser)"
    )
    example = f'{_CALL}{{"id": "1", "name": "python"}}\n{{"code": "print(6 * 7)"}}{_END}'
    continues = "never"

    def parser(self, reply: str = "") -> ToolsParser:
        """See `WireProtocol.parser`."""
        return ToolsParser()

    def words(self, chunk: Chunk) -> str:
        """See `WireProtocol.words`. Calls may come whole or in pieces; the end of the reply ends the last one."""
        written = [escaped(chunk.text)]
        for call in chunk.calls:
            if call.id or call.name:
                written.append(frame("call", {"id": call.id, "name": call.name}))
            written.append(escaped(call.arguments))
        if chunk.calls and chunk.finish not in (None, "length"):
            written.append(_END)
        return "".join(written)

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`."""
        arranged: list[Message] = []
        for message in messages:
            if message.role == "assistant":
                arranged += _messages([Part("model", message.content)])
            else:
                arranged.append(message)
        return ChatInput((*arranged, *_messages(reply)), tools=(TOOL,))

    def fault(self, block: Block) -> str:
        """See `WireProtocol.fault`."""
        call = _read(block.raw)
        if call.name.removeprefix("functions.") != "python":
            return f'there is no tool {call.name!r}: the only one is python, called with {{"code": "..."}}'
        if _code(call) is not None:
            return ""
        wanted = 'the arguments of python must be a JSON object that holds the code: {"code": "..."}'
        try:
            json.loads(call.arguments, strict=False)
        except (ValueError, RecursionError) as error:
            return f"{wanted}; these are not JSON ({error})"
        return wanted

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        closing = "" if block.closed else _END
        return f"{closing}{frame('tool', {'id': _read(block.raw).id})}{escaped(defused(shown))}{_END}"

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `WireProtocol.spans`."""
        return thinking_spans(prose)


def _read(raw: str) -> ToolCall:
    """The call that a frame stands for."""
    header, _, arguments = raw.removeprefix(_CALL).removesuffix(_END).partition("\n")
    details = read_details(header)
    return ToolCall(str(details.get("id", "")), str(details.get("name", "")), unescaped(arguments).strip())


def _code(call: ToolCall) -> str | None:
    """The code of a call; None where the arguments are not what they must be."""
    try:
        arguments = json.loads(call.arguments, strict=False)
    except (ValueError, RecursionError):
        return None
    code = arguments.get("code") if isinstance(arguments, dict) else None
    return code if isinstance(code, str) and code.strip() else None


def _messages(parts: Sequence[Part]) -> list[Message]:
    """The messages that a reply with frames stands for. A call without an answer is left out: servers refuse one."""
    messages: list[Message] = []
    text, reasoning = "", ""
    call: ToolCall | None = None
    inside = ""  # the frame that is open
    for part in parts:
        reasoning = "\n".join(filter(None, (reasoning, part.reasoning)))
        for piece in read_frames(part.raw):
            if isinstance(piece, Frame):
                inside = "" if piece.word == "end" else piece.word
                if piece.word == "call":
                    call = ToolCall(str(piece.details.get("id", "")), str(piece.details.get("name", "")), "")
                elif piece.word == "tool" and call is not None:
                    messages.append(Message("assistant", text, reasoning=reasoning, calls=(_sendable(call),)))
                    messages.append(Message("tool", "", call_id=call.id))
                    text, reasoning, call = "", "", None
            elif inside == "call" and call is not None:
                call = ToolCall(call.id, call.name, call.arguments + piece)
            elif inside == "tool" and messages and messages[-1].role == "tool":
                messages[-1] = Message("tool", messages[-1].content + piece, call_id=messages[-1].call_id)
            else:
                text += piece
    messages = [
        Message("tool", _NOTHING, call_id=each.call_id) if each.role == "tool" and not each.content else each
        for each in messages
    ]
    return [*messages, Message("assistant", text, reasoning=reasoning)] if text or reasoning else messages


def _sendable(call: ToolCall) -> ToolCall:
    """The call with arguments that every chat template can read: a JSON object."""
    try:
        readable = isinstance(json.loads(call.arguments), dict)
    except (ValueError, RecursionError):
        readable = False
    return call if readable else ToolCall(call.id, call.name, json.dumps({"code": call.arguments.strip()}))
