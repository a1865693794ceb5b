"""Protocols of other installed packages: their entry points in the group `mathagent.protocols`.

A package names its class there, and users type the class's own `name`:

    [project.entry-points."mathagent.protocols"]
    dollars = "my_package.dollars:Dollars"
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Container
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from mathagent.protocols.base import WireProtocol

GROUP = "mathagent.protocols"

_log = logging.getLogger(__name__)


@cache
def plugins(taken: frozenset[str]) -> tuple[WireProtocol, ...]:
    """The protocols of installed packages. One that can't be used is left out, with one line of warning, once.

    Args:
        taken: names that are not to be had: those of the built-in protocols.
    """
    found: dict[str, WireProtocol] = {}
    for entry in entry_points(group=GROUP):
        try:
            each = _load(entry, {*taken, *found})
        except Exception as error:  # whatever a foreign package does at import must not break this program
            words = " ".join(str(error).split())
            _log.warning(
                "the protocol %r of %s is left out: %s: %s",
                entry.name,
                _package(entry),
                type(error).__name__,
                words,
            )
        else:
            found[each.name] = each
    return tuple(found.values())


def _load(entry: EntryPoint, taken: Container[str]) -> WireProtocol:
    """The protocol behind an entry point. Raises whatever is wrong with it."""
    loaded = entry.load()
    if not (inspect.isclass(loaded) and issubclass(loaded, WireProtocol)):
        raise TypeError(f"{entry.value} is no subclass of mathagent.protocols.WireProtocol")
    protocol = loaded()
    for field in ("name", "description"):
        if not isinstance(getattr(protocol, field, None), str):
            raise TypeError(f"{entry.value} has no {field}")
    if protocol.name in taken:
        raise ValueError(f"there is a protocol of the name {protocol.name!r} already")
    return protocol


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value
