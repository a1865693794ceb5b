"""The protocols by name: those that come with mathagent, and those of installed packages (see `plugins`)."""

from __future__ import annotations

from mathagent.errors import UsageError
from mathagent.protocols.base import Block, Channel, Parser, Part, Span, WireProtocol
from mathagent.protocols.execute import Execute
from mathagent.protocols.harmony import Harmony
from mathagent.protocols.icl import Icl, IclProse
from mathagent.protocols.internlm2 import InternLM2
from mathagent.protocols.llama3 import Llama3
from mathagent.protocols.llm_code import LlmCode
from mathagent.protocols.markdown import Markdown
from mathagent.protocols.mathcoder import MathCoder
from mathagent.protocols.openmath import OpenMath, OpenMathKaggle
from mathagent.protocols.plugins import plugins
from mathagent.protocols.prose import Prose
from mathagent.protocols.tools import Tools

__all__ = ["Block", "Channel", "Parser", "Part", "Span", "WireProtocol", "protocol", "protocols"]


def protocols() -> dict[str, WireProtocol]:
    """All protocols by name, the built-in ones first."""
    known: tuple[WireProtocol, ...] = (
        Markdown(),
        InternLM2(),
        MathCoder(),
        Llama3(),
        Harmony(),
        Icl(),
        IclProse(),
        OpenMath(),
        OpenMathKaggle(),
        LlmCode(),
        Execute(),
        Tools(),
        Prose(),
    )
    built_in = {each.name: each for each in known}
    return built_in | {each.name: each for each in plugins(frozenset(built_in))}


def protocol(name: str) -> WireProtocol:
    """The protocol of that name. Raises UsageError, naming the known ones."""
    known = protocols()
    if name not in known:
        raise UsageError(f"unknown protocol {name!r}", f"known: {', '.join(known)}")
    return known[name]
