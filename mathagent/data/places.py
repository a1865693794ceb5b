"""Find the files of a data set in a local folder, by the set's names."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mathagent.data.files import is_data_file
from mathagent.data.registry import SetInfo
from mathagent.errors import UsageError

_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_BRACES = re.compile(r"\{([^{}]*)\}")


def data_folder(given: Path | None) -> Path | None:
    """The folder of local data sets: the one given, else $MATHAGENT_DATA, else None. UsageError if it is not there."""
    named = given or (Path(value) if (value := os.environ.get("MATHAGENT_DATA")) else None)
    if named is None:
        return None
    folder = named.expanduser()
    if not folder.is_dir():
        where = "--data-dir" if given else "MATHAGENT_DATA"
        raise UsageError(f"{where}: no folder {folder}")
    return folder


def files_of_set(folder: Path, info: SetInfo, splits: Iterable[str]) -> list[Path]:
    """The files of a set's split in a data folder, the first place that has any; [] if there are none.

    Looked for in this order, for each split: what the set's `files` say, then for its name and aliases
    `NAME/SPLIT.*`, `NAME/SPLIT-*.parquet`, `NAME/data/SPLIT-*.parquet`; and for the first split `NAME.*`.
    """
    for number, split in enumerate(splits):
        for pattern in info.files.get(split, ()):
            if found := _matching(folder, pattern):
                return found
        for name in _spellings(info.names()):
            if found := files_in(folder / name, split) or (_matching(folder, name) if number == 0 else []):
                return found
    return []


def files_of_name(folder: Path, name: str, split: str) -> list[Path]:
    """The files of a set that has no entry in the registry: `NAME.*` or `NAME/SPLIT.*` in a data folder."""
    if not re.fullmatch(r"[\w.+ -]+", name) or name.startswith("."):
        return []
    return _matching(folder, name) or files_in(folder / name, split)


def files_in(folder: Path, split: str) -> list[Path]:
    """The files of a split in the folder of one set, also as a clone of a hub repository has them."""
    for pattern in (split, f"data/{split}"):
        if found := _matching(folder, pattern):
            return found
    for below in (folder, folder / "data"):
        if found := sorted(below.glob(f"{_literal(split)}-*.parquet")):
            return found
    return []


def _matching(folder: Path, pattern: str) -> list[Path]:
    """Files by a pattern without an ending; of one name with several endings, the first ending counts."""
    found: dict[Path, Path] = {}
    for written in _written_out(pattern):
        for ending in _ENDINGS:
            paths = folder.glob(written + ending) if "*" in written else [folder / (written + ending)]
            for path in paths:
                if path.is_file():
                    found.setdefault(path.with_suffix(""), path)
    if not found and "*" not in pattern and is_data_file(Path(pattern)) and (folder / pattern).is_file():
        return [folder / pattern]
    return sorted(found.values())


def _written_out(pattern: str) -> Iterator[str]:
    """`a_{b,c}` as `a_b` and `a_c`."""
    pieces = _BRACES.split(pattern)
    choices = [piece.split(",") if number % 2 else [piece] for number, piece in enumerate(pieces)]
    return ("".join(choice) for choice in itertools.product(*choices))


def _spellings(names: Iterable[str]) -> list[str]:
    """The names, each also with `_` for `-` and the other way round, and without either."""
    spelled = [
        each
        for name in names
        for each in (name, name.replace("-", "_"), name.replace("_", "-"), re.sub("[-_]", "", name))
    ]
    return list(dict.fromkeys(spelled))


def _literal(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)
