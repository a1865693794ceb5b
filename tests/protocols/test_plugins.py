"""Protocols of other packages: a package made here, found by its entry points."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mathagent.errors import UsageError
from mathagent.protocols import protocol, protocols
from mathagent.protocols.markdown import Markdown
from mathagent.protocols.plugins import GROUP, plugins

PACKAGE = """
from mathagent.protocols.markdown import Markdown

class Tildes(Markdown):
    name = "tildes"
    description = "tilde fences"
    example = "~~~python\\nprint(6 * 7)\\n~~~\\n"

class Taken(Markdown):
    name = "markdown"

class NoName(Markdown):
    name = None

def no_class():
    return Tildes()
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put a package on the path: `install("name = module:Class", ...)` are its entry points."""

    def put(*lines: str) -> None:
        info = tmp_path / "tilde_protocols-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tilde-protocols\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
        (tmp_path / "tilde_protocols.py").write_text(PACKAGE)
        monkeypatch.syspath_prepend(str(tmp_path))

    plugins.cache_clear()
    yield put
    plugins.cache_clear()
    sys.modules.pop("tilde_protocols", None)


def test_a_protocol_of_an_installed_package_is_listed_and_used(install: Install) -> None:
    install("tildes = tilde_protocols:Tildes")
    assert list(protocols())[-1] == "tildes"
    chosen = protocol("tildes")
    block = chosen.parser().feed(chosen.example)
    assert block is not None
    assert block.code == "print(6 * 7)\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("broken = tilde_protocols:Nothing", "'broken' of tilde-protocols is left out: AttributeError"),
        ("broken = no_such_module:X", "ModuleNotFoundError"),
        ("broken = tilde_protocols:Taken", "there is a protocol of the name 'markdown' already"),
        ("broken = tilde_protocols:NoName", "has no name"),
        ("broken = tilde_protocols:no_class", "is no subclass"),
    ],
)
def test_a_broken_one_costs_one_line_and_nothing_else(
    install: Install, caplog: pytest.LogCaptureFixture, line: str, words: str
) -> None:
    install(line, "tildes = tilde_protocols:Tildes")
    with caplog.at_level(logging.WARNING):
        assert "tildes" in protocols()
        assert isinstance(protocol("markdown"), Markdown)
    (record,) = caplog.records
    assert words in record.getMessage()
    assert "\n" not in record.getMessage()


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as error:
        protocol("nothing")
    assert "markdown" in error.value.hint
