"""How a growing reply becomes a chat request, for every protocol whose wire form is text in chat messages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mathagent.protocols.base import Part
from mathagent.types import ChatInput, Message

# Strings that the tokenizers of common models take for special tokens, and tags that their templates look for.
_SPECIAL = re.compile(
    r"<\|[\w /-]{1,40}\|>|</?(?:s|think|bos|eos|start_of_turn|end_of_turn)>|\[/?(?:INST|THINK|TOOL_CALLS)\]"
    r"|<[｜][^<>\n]{1,40}[｜]>"
)
_FENCES = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


def continued_chat(messages: Sequence[Message], reply: Sequence[Part]) -> ChatInput:
    """One assistant message that the model goes on with: exactly the text so far, so that the prefix cache holds."""
    if not reply:
        return ChatInput(tuple(messages))
    text = "".join(part.raw for part in reply)
    return ChatInput((*messages, Message("assistant", text, reasoning=reasoning(reply))), continue_final=True)


def turns(messages: Sequence[Message], reply: Sequence[Part]) -> ChatInput:
    """For servers that can't continue a message: the model's parts as assistant turns, outputs as user turns.

    A prefill has no place there and is left out.
    """
    arranged = list(messages)
    for part in reply:
        if part.author == "prompt":
            continue
        role = "assistant" if part.author == "model" else "user"
        if arranged[-1].role == role:
            thought = "\n".join(filter(None, (arranged[-1].reasoning, part.reasoning)))
            arranged[-1] = Message(role, arranged[-1].content + part.raw, reasoning=thought)
        else:
            raw = part.raw if role == "assistant" else part.raw.lstrip("\n")
            arranged.append(Message(role, raw, reasoning=part.reasoning))
    return ChatInput(tuple(arranged))


def reasoning(reply: Sequence[Part]) -> str:
    """The thinking that the server reported apart, of all parts: a message has one place for it."""
    return "\n".join(part.reasoning for part in reply if part.reasoning)


def defused(text: str, *tags: str) -> str:
    """Text that is not the model's (an output), with a space inside of every special token and of these tags.

    So no tokenizer and no template takes it for a turn, for thinking or for the end of its own block, and a reader sees
    that something was done.
    """
    pattern = re.compile("|".join([_SPECIAL.pattern, *map(re.escape, tags)])) if tags else _SPECIAL
    return pattern.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)


def fenced_output(shown: str, *tags: str) -> str:
    """An output block of Markdown, whose fence is longer than any inside of it; `tags` are defused in it."""
    body = defused(shown, *tags)
    fence = "`" * max(3, 1 + max(map(len, _FENCES.findall(body)), default=0))
    return f"{fence}output\n{body}{chr(10) if body else ''}{fence}\n"
