"""The data sets with short names: what `sets.yaml` says of each, checked when it is read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from mathagent.data.columns import Columns, Role
from mathagent.data.gold import Extraction
from mathagent.errors import UsageError


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: Mapping[Role, str] = Field(default_factory=dict)
    """Columns with other names than the usual ones; meant where the rows have them. `Body+Question` joins two."""

    @field_validator("columns", mode="after")
    @classmethod
    def _written_out(cls, value: Mapping[Role, str]) -> Mapping[Role, str]:
        if bad := [name for name in value.values() if not all(name.split("+"))]:
            raise ValueError(f"not a column: {bad[0]!r}")
        return value

    def mapping(self) -> Columns:
        """The columns as `mathagent.data.columns` takes them."""
        return {role: tuple(name.split("+")) for role, name in self.columns.items()}


class Hub(_Entry):
    """Where a set is on the Hugging Face hub."""

    id: str
    configs: tuple[str, ...] = ()
    """Configurations that make the set up together; none for the repository's only or default one."""
    split: str = "test"
    """The hub's name of what the field evaluates on; may be a sum such as `train+test`."""
    cut: str | None = None
    """A pattern whose first group is the problem's text, where the hub's cell has a prompt around it."""
    checked: str
    """What the entry was held against: words of `card code rows`; see the head of sets.yaml."""

    @field_validator("cut")
    @classmethod
    def _has_a_group(cls, value: str | None) -> str | None:
        if value is not None and re.compile(value, re.DOTALL).groups < 1:
            raise ValueError("the pattern needs a group")
        return value


class SetInfo(_Entry):
    """One data set. `columns` are those of local files; the hub's are in `hub`."""

    name: str
    title: str
    licence: str = ""
    language: str = ""
    """Of all problems; "" where it differs."""
    sizes: Mapping[str, int] = Field(default_factory=dict)
    """Problems by split, as the authors count them."""
    aliases: tuple[str, ...] = ()
    answer: Extraction = "auto"
    files: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Paths in a data folder beside the usual ones, by split, without the ending; `*` and `{a,b}` for several files."""
    hub: Hub | None = None
    obtain: str = ""
    """Where to get the files of a set that is not on the hub."""

    @property
    def by_hand(self) -> bool:
        """Whether the set has no key, so that people mark the solutions."""
        return self.answer == "none"

    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)


@cache
def sets() -> Mapping[str, SetInfo]:
    """All sets by name, in the order of the file. A mistake in the file is a ValueError, found by the tests."""
    text = resources.files("mathagent.data").joinpath("sets.yaml").read_text(encoding="utf-8")
    return {name: SetInfo(name=name, **entry) for name, entry in yaml.safe_load(text).items()}


def find_set(name: str) -> SetInfo | None:
    """The set of this name or alias; case, `-` and `_` make no difference. None if there is none."""
    return _by_plain_name().get(_plain(name))


def unknown_set(name: str, also: str = "") -> UsageError:
    """The error for a name that nobody knows: the nearest names, or where to see all. `also` is said in front."""
    near = [
        _by_plain_name()[close].name
        for close in difflib.get_close_matches(_plain(name), list(_by_plain_name()), n=3, cutoff=0.6)
    ]
    hint = (
        f"did you mean {' or '.join(dict.fromkeys(near))}?" if near else "mathagent data list shows the names"
    )
    return UsageError(f"no data set, file or folder is called {name!r}{also}", hint)


@cache
def _by_plain_name() -> Mapping[str, SetInfo]:
    return {_plain(name): info for info in sets().values() for name in info.names()}


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name.lower())
