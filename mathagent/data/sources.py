"""Where the rows of a data set are, by what a person calls it, and the rules to read them by."""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mathagent.data.build import Rules
from mathagent.data.columns import Columns
from mathagent.data.files import Row, is_data_file, read_rows
from mathagent.data.hub import hub_rows
from mathagent.data.places import files_in, files_of_name, files_of_set
from mathagent.data.problem import BadRow
from mathagent.data.registry import Hub, SetInfo, find_set, unknown_set
from mathagent.errors import UsageError

_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_LANGUAGE = re.compile(r"_(cn|zh|en)$")
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are read by the same rules: one file, or one configuration of a hub repository."""

    source: str
    rules: Rules
    rows: Sequence[Row | BadRow]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for beside the name; see `mathagent.data.load`. `folder` is that of local data sets."""

    folder: Path | None = None
    split: str | None = None
    config: str | None = None
    columns: Columns = dataclasses.field(default_factory=dict)
    language: str = ""
    online: bool = True

    def rules(self, source: str) -> Rules:
        """The rules for data that nobody has described."""
        return Rules(columns=self.columns, language=self.language, source=source)


def find_rows(name: str, wanted: Wanted) -> tuple[SetInfo | None, list[Part]]:
    """The rows that a name stands for, and the set if it is a registered one. Raises UsageError and DataError."""
    path = Path(name).expanduser()
    info = find_set(name)
    if is_data_file(path) or (path.is_dir() and ("/" in name or info is None)):
        return None, _of_path(path, wanted)
    if info is not None:
        return info, _of_set(info, wanted)
    if wanted.folder and (paths := files_of_name(wanted.folder, name, wanted.split or "test")):
        return None, _of_files(paths, wanted.rules(name))
    if _HUB_ID.fullmatch(name):
        return None, [_of_hub(name, wanted.config, wanted.split or "test", wanted.rules(name), wanted.online)]
    raise unknown_set(name, f", nor in {wanted.folder}" if wanted.folder else "")


def _of_path(path: Path, wanted: Wanted) -> list[Part]:
    """A file or a folder that the user names. A folder whose files have other names is left to `datasets`."""
    rules = wanted.rules(path.stem)
    if path.is_dir():
        split = wanted.split or "test"
        if wanted.config is None and (paths := files_in(path, split)):
            return _of_files(paths, rules)
        return [_of_hub(str(path), wanted.config, split, rules, wanted.online)]
    if not path.is_file():
        raise UsageError(f"no file {path}")
    if wanted.split is not None or wanted.config is not None:
        raise UsageError(f"{path}: a split or a configuration does not go with a file")
    return _of_files([path], rules)


def _of_set(info: SetInfo, wanted: Wanted) -> list[Part]:
    if wanted.config is not None:
        raise UsageError(f"{info.name}: the short name says which configuration", "a hub id takes one")
    if wanted.folder is not None:
        splits = [wanted.split] if wanted.split else ["test", *([info.hub.split] if info.hub else [])]
        if paths := files_of_set(wanted.folder, info, splits):
            return _of_files(paths, rules_of(info, None, wanted), info.mapping())
    if info.hub is None:
        where = f"{wanted.folder} has no files of it" if wanted.folder else "no data folder is given"
        raise UsageError(
            f"{info.name} is not on the hub, and {where}", f"get {info.obtain}" if info.obtain else ""
        )
    rules = rules_of(info, info.hub, wanted)
    many = len(info.hub.configs) > 1
    return [
        _of_hub(
            info.hub.id,
            config,
            wanted.split or info.hub.split,
            dataclasses.replace(rules, prefix=f"{config}/" if many else ""),
            wanted.online,
            info.hub.mapping(),
        )
        for config in info.hub.configs or (None,)
    ]


def rules_of(info: SetInfo, hub: Hub | None, wanted: Wanted) -> Rules:
    """The rules for a registered set, of its rows on the hub or of files; without the columns of its entry."""
    return dataclasses.replace(
        wanted.rules(info.name),
        answer=info.answer,
        required=not info.by_hand,
        cut=re.compile(hub.cut, re.DOTALL) if hub and hub.cut else None,
        language=wanted.language or info.language,
    )


def with_columns(rules: Rules, entry: Columns, rows: Sequence[Row | BadRow]) -> Rules:
    """The rules with those columns of a set's entry that the first record has; what the user mapped stays.

    Files of a set have many makers, and a repository may rename a column: then the usual names do.
    """
    first: Mapping[str, object] = next((row.values for row in rows if isinstance(row, Row)), {})
    there = {role: names for role, names in entry.items() if all(name in first for name in names)}
    return dataclasses.replace(rules, columns={**there, **rules.columns})


def _of_hub(
    repository: str, config: str | None, split: str, rules: Rules, online: bool, entry: Columns | None = None
) -> Part:
    rows, revision = hub_rows(repository, config, split, online=online)
    source = f"{repository}@{revision[:8]}" if revision else repository
    return Part(source, with_columns(rules, entry or {}, rows), rows)


def _of_files(paths: Sequence[Path], rules: Rules, entry: Columns | None = None) -> list[Part]:
    """A part for each file, shards of one together; `entry` is for `with_columns`.

    Of several files, ids begin with the file's name, and the folder is the level.
    """
    tables = [
        list(group)
        for _, group in itertools.groupby(paths, lambda path: _SHARD.sub("", str(path.with_suffix(""))))
    ]
    root = Path(os.path.commonpath([path.parent for path in paths]))
    parts = []
    for shards in tables:
        rows = _renumbered([list(read_rows(path)) for path in shards])
        own = with_columns(rules, entry or {}, rows)
        if len(tables) > 1:
            named = shards[0].relative_to(root).with_suffix("")
            language = _LANGUAGE.search(named.name)
            own = dataclasses.replace(
                own,
                prefix=f"{named.as_posix()}/",
                level=named.parent.name or None,
                language=rules.language or ({"cn": "zh"}.get(language[1], language[1]) if language else ""),
            )
        parts.append(Part(str(shards[0]), own, rows))
    return parts


def _renumbered(shards: list[list[Row | BadRow]]) -> list[Row | BadRow]:
    """The rows of all shards, counted through."""
    if len(shards) == 1:
        return shards[0]
    rows: list[Row | BadRow] = []
    for row in itertools.chain.from_iterable(shards):
        place = len(rows)
        rows.append(row if isinstance(row, BadRow) else Row(place + 1, place, row.values))
    return rows
