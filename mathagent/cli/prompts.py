"""`mathagent prompts`: the prompts that come with mathagent."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from mathagent.cli.failures import console, told
from mathagent.cli.machine import write_json
from mathagent.prompts import Prompt, find_prompt
from mathagent.prompts import prompts as all_prompts


def prompts(
    name: Annotated[str | None, typer.Argument(help="Show this prompt, by name or file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the prompts, or show one whole."""
    with told():
        chosen = [find_prompt(name)] if name else list(all_prompts().values())
        if as_json:
            records = [_record(prompt) for prompt in chosen]
            write_json(records[0] if name else records)
        elif name:
            sys.stdout.write(chosen[0].text)
        else:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for title in ("name", "role", "mode", "default for", "description"):
                table.add_column(title, no_wrap=title in ("name", "role", "mode"))
            for prompt in chosen:
                each = prompt.settings
                models = ", ".join("any model" if pattern == "*" else pattern for pattern in each.models)
                table.add_row(each.name, each.role, each.mode, Text(models), Text(each.description))
            console().print(table)


def _record(prompt: Prompt) -> dict[str, object]:
    return {
        **prompt.settings.model_dump(),
        "sha256": prompt.sha256,
        "file": str(prompt.path),
        "sections": [
            {"role": role, "template": template} | ({"name": name} if name else {})
            for role, name, template in prompt.sections
        ],
    }
