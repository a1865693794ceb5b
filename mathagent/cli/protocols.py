"""`mathagent protocols`: how families of models write code, and which model gets which form."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from mathagent.cli.failures import console, told
from mathagent.cli.machine import write_json
from mathagent.models.wire import build_call, dialect_of
from mathagent.prompts import prompts
from mathagent.protocols import Part, WireProtocol, protocol
from mathagent.protocols import protocols as all_protocols
from mathagent.types import ChatInput, Message, ModelInput, Sampling, TextInput

_QUESTION = (Message("user", "What is 6 * 7?"),)


def protocols(
    name: Annotated[
        str | None, typer.Argument(help="Show this protocol with an example of its wire form.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the protocols with the models they fit, or show one by an example: a request after one execution."""
    with told():
        chosen = [protocol(name)] if name else list(all_protocols().values())
        if as_json:
            records = [_record(each) for each in chosen]
            write_json(records[0] if name else records)
        elif name:
            _show(chosen[0])
        else:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for title in ("name", "server call", "models", "description"):
                table.add_column(title, no_wrap=title == "name")
            for each in chosen:
                table.add_row(each.name, server_call(each), Text(_models(each)), Text(each.description))
            console().print(table)


def server_call(wire: WireProtocol) -> str:
    """Which address of the server a protocol uses, and how a reply goes on there."""
    request = example(wire)
    if isinstance(request, TextInput):
        return "completions"
    if request.tools:
        return "chat, tool calls"
    return "chat, continued" if request.continue_final or not wire.example else "chat, in turns"


def example(wire: WireProtocol) -> ModelInput:
    """The request after the model has written the protocol's example and the kernel has printed 42."""
    parts: list[Part] = []
    if wire.example:
        parser = wire.parser()
        block = parser.feed(wire.example) or parser.finish(ended=True)
        assert block is not None, f"the example of {wire.name} is no block"
        written = block.before + block.raw
        parts = [Part("model", written), Part("kernel", wire.output(block, "42", left=7))]
    return wire.request(_QUESTION, parts, can_continue=True)


def _show(wire: WireProtocol) -> None:
    out = sys.stdout
    out.write(f"{wire.name}: {wire.description}\n")
    out.write(f"models: {_models(wire)}\nserver call: {server_call(wire)}\n")
    for title, strings in (("pauses or ends a block at", wire.stop), ("ends the reply at", wire.ends)):
        if strings:
            out.write(f"{title}: {', '.join(map(repr, strings))}\n")
    ran = ", after one execution" if wire.example else ""
    out.write(f"\nWhat the server is sent{ran}:\n\n{_readable(example(wire))}\n")


def _readable(request: ModelInput) -> str:
    """A request as text: the prompt as it is, or the messages under their roles."""
    if isinstance(request, TextInput):
        return request.prompt if isinstance(request.prompt, str) else " ".join(map(str, request.prompt))
    lines = []
    for number, message in enumerate(request.messages, 1):
        unfinished = request.continue_final and number == len(request.messages)
        lines.append(f"[{message.role}{', unfinished' if unfinished else ''}]")
        lines += [message.content] if message.content else []
        lines += [f"calls {call.name}: {call.arguments}" for call in message.calls]
    return "\n".join(lines)


def _models(wire: WireProtocol) -> str:
    patterns = [
        pattern
        for prompt in prompts().values()
        if prompt.settings.protocol == wire.name
        for pattern in prompt.settings.models
    ]
    return (
        ", ".join("any model" if pattern == "*" else pattern for pattern in dict.fromkeys(patterns))
        or "by --protocol"
    )


def _record(wire: WireProtocol) -> dict[str, Any]:
    request = example(wire)
    call = build_call(
        request,
        Sampling(),
        model="MODEL",
        dialect=dialect_of("vllm"),
        stop=(*wire.stop, *wire.ends),
        max_tokens=1024,
    )
    return {
        "name": wire.name,
        "description": wire.description,
        "models": _models(wire),
        "server_call": server_call(wire),
        "continued_message": isinstance(request, ChatInput) and request.continue_final,
        "stop": wire.stop,
        "ends": wire.ends,
        "writes": wire.example,
        "example": {"path": call.path, "body": call.body},
    }
