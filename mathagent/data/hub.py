"""Rows from the Hugging Face hub or its cache on this machine, by the `datasets` library.

That library brings pandas and pyarrow (240 MB) and takes seconds to import: it is an optional extra, imported when
asked. It runs no code out of a repository (since its version 4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mathagent.data.files import Row
from mathagent.errors import DataError

_REVISION = re.compile(r"/([0-9a-f]{40})/[^/]+$")


def hub_rows(
    repository: str, config: str | None, split: str, *, online: bool = True
) -> tuple[list[Row], str]:
    """The rows of a split, and the revision that they are from ("" if the cache does not tell).

    The cache on this machine is asked first, then the hub; HF_HOME, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE work as
    everywhere. Raises DataError when neither has it, or `datasets` is not installed.

    Args:
        repository: `owner/name`, or a local folder that is laid out as one.
        config: the configuration; None for the only or default one.
        split: `test`, `train+test`, `train[:100]`: what `datasets` takes.
        online: whether the hub may be asked.
    """
    try:
        import datasets
    except ImportError:
        raise DataError(
            f"{repository}: the hub needs the package datasets",
            "pip install 'mathagent[data]', or --data-dir with files",
        ) from None
    with _quiet(datasets):
        loaded = _load(datasets, repository, config, split, online)
        return _rows(loaded), _revision(loaded)


def _load(datasets: Any, repository: str, config: str | None, split: str, online: bool) -> Any:
    already_offline = bool(datasets.config.HF_HUB_OFFLINE)
    # `datasets` raises errors of many libraries, and which ones changes with their versions: all mean "not to be had".
    try:
        with _offline(datasets):
            return datasets.load_dataset(repository, config, split=split)
    except Exception as error:
        if already_offline or not online:
            raise _failure(
                repository, config, split, error, "not in the cache, and the hub may not be asked"
            ) from None
    try:
        return datasets.load_dataset(repository, config, split=split)
    except Exception as error:
        raise _failure(repository, config, split, error, "--data-dir FOLDER reads files instead") from None


@contextmanager
def _quiet(datasets: Any) -> Iterator[None]:
    """Without progress bars, for sets are small, and without the warning that the cache is used, for that is meant."""
    verbosity, bars = datasets.logging.get_verbosity(), datasets.are_progress_bars_disabled()
    datasets.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(verbosity)
        if not bars:
            datasets.enable_progress_bars()


@contextmanager
def _offline(datasets: Any) -> Iterator[None]:
    """Let `datasets` look into its cache only; without this it asks the hub first, and waits for it."""
    before = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = before


def _rows(loaded: Any) -> list[Row]:
    # As Arrow, because a column of pictures would otherwise be decoded, which needs more libraries.
    table = loaded.with_format("arrow")[:]
    return [Row(number, number - 1, values) for number, values in enumerate(table.to_pylist(), 1)]


def _revision(loaded: Any) -> str:
    """The commit, which names the folder of the cache; a local folder has none."""
    match = next(filter(None, (_REVISION.search(file["filename"]) for file in loaded.cache_files)), None)
    return match[1] if match else ""


def _failure(repository: str, config: str | None, split: str, error: Exception, hint: str) -> DataError:
    named = f"{repository}, configuration {config}," if config else repository
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return DataError(f"can't load {named} split {split}: {reason}", hint)
