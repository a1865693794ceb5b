"""``<execute>`` ... ``</execute>``, observations as user turns, ``<solution>``: CodeAct's and MINT's form.

The form is that of MINT's prompts (arXiv 2309.10691) and CodeAct (arXiv 2402.01030), with what seven recorded models
made of it: Markdown fences in place of the tags, "Assistant:" in front, observations of the model's own making, tags
that are never closed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mathagent.answers import boxed, final_answer
from mathagent.protocols.base import Block, Part, Span, WireProtocol
from mathagent.protocols.fenced import FencedParser, Tags
from mathagent.protocols.frames import Frame, escaped, frame, read_frames, unescaped
from mathagent.protocols.rendering import defused
from mathagent.protocols.tags import tagged_code
from mathagent.protocols.thinking import split_markup, thinking_spans
from mathagent.types import ChatInput, Chunk, Message, ModelInput

_EXECUTE, _END = "<execute>", "</execute>"
_MARKUP = re.compile(r"</?thought>|(?:(?<=\n)|\A)[ \t]*Assistant:")
_SOLUTION = re.compile(r"<solution>(.*?)(?:</solution>|<solution>|\Z)", re.DOTALL)
_WORDS_BEFORE = re.compile(r"(?:the\s+)?(?:final\s+)?(?:answer|solution)\s*(?:is|:|=)\s*:?\s*", re.IGNORECASE)
_TAGS = Tags(
    _EXECUTE,
    _END,
    code=lambda inside: tagged_code(unescaped(inside)),
    lines=re.compile(r"[ \t]*(?:Observation:|Assistant:|</?thought>|<solution>|\[INST)"),
)


class ExecuteParser(FencedParser):
    """The parser: tags, or fences in their place."""

    def __init__(self) -> None:
        super().__init__(_TAGS)


class Execute(WireProtocol):
    """The protocol: turns of a chat, written into one text with frames between them."""

    name = "execute"
    description = "<execute> with observations as user turns, and <solution> (CodeAct, MINT, Eurus)"
    example = f"{_EXECUTE}\nprint(6 * 7)\n{_END}"
    stop = (_END, "\nObservation:")
    ends = ("</solution>",)

    def parser(self, reply: str = "") -> ExecuteParser:
        """See `WireProtocol.parser`."""
        return ExecuteParser()

    def words(self, chunk: Chunk) -> str:
        """See `WireProtocol.words`."""
        return escaped(chunk.text)

    def request(
        self, messages: Sequence[Message], reply: Sequence[Part], *, can_continue: bool
    ) -> ModelInput:
        """See `WireProtocol.request`. A reply that was only paused is continued, where the server can do that."""
        arranged: list[Message] = []
        for message in messages:
            if message.role == "assistant":
                arranged += _turns([Part("model", message.content)])
            else:
                arranged.append(message)
        given = [part for part in reply if can_continue or part.author != "prompt"]
        arranged += _turns(given)
        goes_on = bool(given) and arranged[-1].role == "assistant"
        return ChatInput(tuple(arranged), continue_final=goes_on and can_continue)

    def output(self, block: Block, shown: str, *, left: int) -> str:
        """See `WireProtocol.output`."""
        glue = "" if block.raw.endswith("\n") else "\n"
        tagged = block.raw.startswith(_EXECUTE)
        closing = "" if block.closed else glue + (_END if tagged else "```")
        body = f"{escaped(defused(shown))}\n" if shown else ""
        steps = f"You have {left} step{'' if left == 1 else 's'} left."
        return f"{closing}{frame('user')}Observation:\n{body}{steps}{frame('assistant')}"

    def spans(self, prose: str, before: str = "") -> tuple[Span, ...]:
        """See `WireProtocol.spans`."""
        return split_markup(thinking_spans(prose), _MARKUP)

    def answer(self, texts: Sequence[str]) -> str | None:
        """The last solution; without any, the last box."""
        for text in reversed(texts):
            if found := [plain for each in _SOLUTION.findall(text) if (plain := _plain(each))]:
                return found[-1]
        return final_answer(texts)


def _turns(parts: Sequence[Part]) -> list[Message]:
    """The messages that a reply with frames stands for, the assistant's first."""
    turns: list[Message] = []
    role, text, reasoning = "assistant", "", ""
    for part in parts:
        reasoning = "\n".join(filter(None, (reasoning, part.reasoning)))
        for piece in read_frames(part.raw):
            if not isinstance(piece, Frame):
                text += piece
            elif piece.word in ("user", "assistant"):
                turns.append(Message(role, text, reasoning=reasoning))
                role, text, reasoning = piece.word, "", ""
    if text or reasoning:
        turns.append(Message(role, text, reasoning=reasoning))
    return turns


def _plain(solution: str) -> str:
    """What is inside of a solution: its box, or its text without the words around the answer."""
    if boxes := boxed(solution):
        return boxes[-1]
    text = solution.strip()
    text = text[match.end() :] if (match := _WORDS_BEFORE.match(text)) else text
    return text.removesuffix(".").strip() if not text.endswith("..") else text
