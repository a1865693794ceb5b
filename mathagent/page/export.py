"""The page as one file that opens offline."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mathagent.errors import RunError
from mathagent.page.data import PageData
from mathagent.page.document import document


def export_page(data: PageData, path: Path) -> int:
    """Write the page with all its data; returns its size in bytes. The file is whole or not there. Raises RunError."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_parts(data))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        return path.stat().st_size
    except OSError as error:
        raise RunError(f"can't write {path}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            temporary.unlink()


def _parts(data: PageData) -> Iterator[str]:
    """Head, then chunks, each in an element of its own: the page begins while the rest is still being read."""
    before, between, after = document("embedded", data.collection.name)
    yield before
    yield _block("head", data.head)
    yield between
    for number in range(data.chunks):
        yield _block(f"chunk-{number}", data.chunk(number))
    yield after


def _block(name: str, content: bytes) -> str:
    """Data as base64, which has no character that could end an element."""
    text = base64.b64encode(content).decode("ascii")
    return f'<script type="application/octet-stream" id="{name}">{text}</script>\n'
