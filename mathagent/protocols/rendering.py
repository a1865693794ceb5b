"""How a growing reply becomes a chat request, for every protocol whose wire form is text in chat messages."""

from __future__ import annotations

from collections.abc import Sequence

from mathagent.protocols.base import Part
from mathagent.types import ChatInput, Message


def continued_chat(messages: Sequence[Message], reply: Sequence[Part]) -> ChatInput:
    """One assistant message that the model goes on with: exactly the text so far, so that the prefix cache holds."""
    if not reply:
        return ChatInput(tuple(messages))
    text = "".join(part.raw for part in reply)
    return ChatInput((*messages, Message("assistant", text)), continue_final=True)


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
            arranged[-1] = Message(role, arranged[-1].content + part.raw)
        else:
            arranged.append(Message(role, part.raw if role == "assistant" else part.raw.lstrip("\n")))
    return ChatInput(tuple(arranged))
