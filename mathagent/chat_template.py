"""A model's chat template, read from this machine: a model folder, or the cache of the Hugging Face hub.

Never from the network: a template only helps to guess how a model writes code.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

_LARGEST = 32_000_000  # bytes: a tokenizer's settings with all its added tokens stay far below


def chat_template(root: str) -> str | None:
    """The chat template of a model folder, or of a name on the hub whose files are cached here.

    Several templates of one model are joined. "" where the files are there and hold none, which says that the model
    was not trained to chat; None where there are no files, or they can't be read.
    """
    try:
        folder = _folder(root)
    except (OSError, RuntimeError, ValueError):  # the name comes from a server: it may be anything
        folder = None
    if folder is None:
        return None
    if (template := _text(folder / "chat_template.jinja")) is not None:
        return template
    known = False
    for name in ("chat_template.json", "tokenizer_config.json"):
        try:
            settings = json.loads(_text(folder / name) or "")
        except ValueError:
            continue
        known = True
        if isinstance(settings, dict) and (template := _joined(settings.get("chat_template"))):
            return template
    return "" if known else None


def _folder(root: str) -> Path | None:
    """Where the files of a model are; None where they are not on this machine."""
    if not root:
        return None
    folder = Path(root).expanduser()
    if folder.is_dir():
        return folder
    cached = _hub_cache() / f"models--{root.replace('/', '--')}"
    if root.count("/") > 1 or not cached.is_dir():
        return None
    if (commit := _text(cached / "refs" / "main")) is not None:
        snapshot = cached / "snapshots" / commit.strip()
        return snapshot if snapshot.is_dir() else None
    snapshots = sorted(cached.glob("snapshots/*"), key=lambda path: path.stat().st_mtime)
    return snapshots[-1] if snapshots else None


def _hub_cache() -> Path:
    """The hub's cache; see https://huggingface.co/docs/hub/local-cache."""
    if chosen := os.environ.get("HF_HUB_CACHE"):
        return Path(chosen).expanduser()
    home = os.environ.get("HF_HOME")
    return (Path(home).expanduser() if home else Path.home() / ".cache" / "huggingface") / "hub"


def _joined(template: object) -> str:
    """A template as text: it may be given as a list of named ones."""
    if isinstance(template, list):
        return "\n".join(str(each.get("template", "")) for each in template if isinstance(each, dict))
    return template if isinstance(template, str) else ""


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8") if file.stat().st_size <= _LARGEST else None
    except (OSError, UnicodeDecodeError):
        return None
