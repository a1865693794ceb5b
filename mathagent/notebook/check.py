"""Whether a trace's cells say the same again: run anew in a fresh kernel, compared with what was recorded.

What can't repeat is made equal before texts that differ are compared again, and named: memory addresses, times with a
unit, the names that IPython gives to cells. Of cells that did not end by themselves only the status is compared: how
far they came depends on the machine.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kernels_sandbox import CellResult, KernelPool, Policy
from mathagent.limits import Limits
from mathagent.notebook.cells import Recorded, results_of
from mathagent.shown import show
from mathagent.trace.recorder import package_versions
from mathagent.trace.schema import CodeStep, Trace

_VARYING = {
    "memory addresses": (re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "0x..."),
    "timings": (
        re.compile(
            r"\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\s?(?:ns|[uµμ]s|ms)\b|\b\d+\.\d+\s?(?:s|sec|secs|seconds)\b"
        ),
        "... s",
    ),
    "names of cells": (
        re.compile(r"Cell In\[\d+\]|/tmp/ipykernel_\d+/\d+\.py|<ipython-input-[\w-]+>|\b\d+\.py(?=, line)"),
        "<cell>",
    ),
}
_PACKAGES = ("python", "ipykernel", "sympy", "numpy")


@dataclass(frozen=True, slots=True)
class Difference:
    """What of a cell differs (status, stdout, stderr, a MIME type, error), and both sides."""

    what: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class CellCheck:
    """One cell that was run again.

    index: of the block, from 0. then, now: the statuses; "" where it was not run, then "unknown" where the record of
    another tool does not say it: there the text that the model was shown is compared, and nothing else.
    differences: none if it says the same. normalised: what was made equal first, where texts needed that.
    skipped: why it was not run again, "" if it was.
    """

    index: int
    then: str
    now: str = ""
    differences: tuple[Difference, ...] = ()
    normalised: tuple[str, ...] = ()
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """All cells of a trace. versions: packages that are others now, as `name: then -> now`."""

    trace: str
    cells: list[CellCheck] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether no cell differs."""
        return not any(cell.differences for cell in self.cells)


async def check(trace: Trace, policy: Policy) -> Check:
    """Run the trace's cells in order in one fresh kernel. Raises kernels_sandbox.SandboxError where none can be had.

    A cell gets as long as it had in the trace (the limit `cell_seconds`), whatever the policy says.
    """
    then, now = trace.versions, package_versions()
    return Check(
        trace.id,
        [cell async for cell in _rerun(trace, policy)],
        [
            f"{name}: {then[name]} -> {now[name]}"
            for name in _PACKAGES
            if name in then and name in now and then[name] != now[name]
        ],
    )


async def _rerun(trace: Trace, policy: Policy) -> AsyncIterator[CellCheck]:
    blocks, results = [step for step in trace.steps if isinstance(step, CodeStep)], results_of(trace)
    seconds = float(trace.limits.get("cell_seconds") or Limits().cell_seconds)
    if not blocks:
        return
    async with KernelPool(policy, warm=0) as pool, pool.kernel() as kernel:
        for block in blocks:
            recorded = results.get(block.index)
            if skipped := _why_not(recorded):
                yield CellCheck(block.index, recorded.result.status if recorded else "", skipped=skipped)
                continue
            assert recorded is not None
            now = await kernel.execute(block.code, timeout=seconds)
            if recorded.whole:
                yield compare_cells(block.index, recorded.result, now)
            else:
                yield _compare_shown(block.index, recorded.result.stdout, now)


def compare_cells(index: int, then: CellResult, now: CellResult) -> CellCheck:
    """What differs between two results of one cell."""
    if then.status != now.status:
        said = Difference("status", _ending(then), _ending(now))
        return CellCheck(index, then.status, now.status, (said,))
    if then.status not in ("ok", "error"):
        return CellCheck(index, then.status, now.status)
    return _compare_texts(index, then.status, now.status, _texts(then, now))


def _compare_shown(index: int, then: str, now: CellResult) -> CellCheck:
    """The same where only the text that the model was shown is known: it is compared as this loop would show it."""
    texts = then.strip(), show(now, max(Limits().output_chars, len(then))).strip()
    return _compare_texts(index, "unknown", now.status, [("shown", *texts)] if texts[0] != texts[1] else [])


def _compare_texts(index: int, then: str, now: str, texts: Iterable[tuple[str, str, str]]) -> CellCheck:
    differences, normalised = [], set[str]()
    for what, one, other in texts:
        names, same = _varies_only(one, other)
        if same:
            normalised.update(names)
        else:
            differences.append(Difference(what, one, other))
    return CellCheck(index, then, now, tuple(differences), tuple(n for n in _VARYING if n in normalised))


def _why_not(recorded: Recorded | None) -> str:
    if recorded is None or recorded.never_ran:
        return "it was not run"
    return "a person had interrupted it" if recorded.result.status == "interrupted" else ""


def _ending(result: CellResult) -> str:
    error = f": {result.error.name}: {result.error.value}" if result.error else ""
    return f"{result.status}{error}" + (f" ({result.detail})" if result.detail else "")


def _texts(then: CellResult, now: CellResult) -> Iterator[tuple[str, str, str]]:
    """The texts to be compared, as (what, then, now), only those that are not the same."""
    one, other = _said(then), _said(now)
    for what in dict.fromkeys([*one, *other]):
        if one.get(what, "") != other.get(what, ""):
            yield what, one.get(what, ""), other.get(what, "")


def _said(result: CellResult) -> dict[str, str]:
    said = {"stdout": result.stdout, "stderr": result.stderr}
    bundles: list[Mapping[str, Any]] = list(result.displays)
    if not bundles and result.result is not None:
        bundles = [{"text/plain": result.result}]
    for number, bundle in enumerate(bundles, 1):
        for kind, value in bundle.items():
            said[f"display {number}, {kind}"] = str(value)
    if result.error is not None:
        said["error"] = f"{result.error.name}: {result.error.value}"
    return said


def _varies_only(one: str, other: str) -> tuple[list[str], bool]:
    """Whether two texts are the same but for what can't repeat, and which of that they have."""
    names = []
    for name, (pattern, same) in _VARYING.items():
        before = (one, other)
        one, other = pattern.sub(same, one), pattern.sub(same, other)
        if before != (one, other):
            names.append(name)
        if one == other:
            return names, True
    return names, False
