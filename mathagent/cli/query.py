"""What the commands over traces share on their command lines: a source, then a query that may begin with a minus."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from mathagent.collection import Query, parse_query
from mathagent.data.files import is_data_file
from mathagent.errors import UsageError

_TURNED = re.compile(r"-(?:[a-z_]{2}|[/\"])")

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SOURCE] [QUERY]...",
        help="A run's folder, a folder of runs, a trace file or another tool's file (without one: "
        "traces.jsonl in mathagent's home); then what is wanted, such as: "
        "wrong level:5 'rounds>=2' code:solve -finish:answer",
        show_default=False,
    ),
]


class QueryCommand(TyperCommand):
    """A command whose query may hold terms that are turned round, such as `-finish:answer`: they are no options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put those terms behind the options. A term of a query may stand anywhere in it: all must hold."""
        options = args[: args.index("--")] if "--" in args else args
        turned = [arg for arg in options if _TURNED.match(arg)]
        rest = [arg for arg in options if not _TURNED.match(arg)]
        plain = args[len(options) + 1 :]
        return super().parse_args(ctx, [*rest, "--", *plain, *turned] if turned or plain else rest)


def source_and_query(words: Sequence[str] | None) -> tuple[Path | None, Query]:
    """The source, if the first word is one, and the query that the other words make. Raises UsageError."""
    source, query = source_and_text(words)
    return source, parse_query(query)


def source_and_text(words: Sequence[str] | None) -> tuple[Path | None, str]:
    """The source, if the first word is one, and the other words, which may be a query.

    A word is a source if it is there, or is written like a path: then it must be there. Raises UsageError.
    """
    rest = list(words or ())
    source: Path | None = None
    if rest and (_exists(rest[0]) or _like_a_path(rest[0])):
        source = Path(rest.pop(0))
        if not source.exists():
            raise UsageError(f"there is no run and no file {source}")
    return source, " ".join(rest)


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):  # too long for a name, or a zero byte
        return False


def _like_a_path(word: str) -> bool:
    pattern = word.startswith("/") and word.endswith("/")
    return not pattern and not re.search(r"[\s:\"<>=]", word) and ("/" in word or is_data_file(Path(word)))
