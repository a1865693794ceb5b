"""The numbers as a table for a person."""

from __future__ import annotations

from typing import Any

from kernels_sandbox.benchmark.ends import DEATH, KILL
from kernels_sandbox.benchmark.sessions import AT_ONCE, SANDBOX


def report(numbers: dict[str, Any]) -> str:
    """The numbers as a table for a person."""
    seconds = numbers["seconds"]

    def row(name: str, ours: str, stock: str) -> str:
        one, other = seconds[ours], seconds[stock]
        return (
            f"  {name:36} {one['p50'] * 1e3:8.1f} {one['p95'] * 1e3:8.1f} {other['p50'] * 1e3:9.1f} "
            f"{other['p95'] * 1e3:8.1f}   1/{other['p50'] / one['p50']:.1f}"
        )

    lines = [
        f"isolation level {numbers['level']}; one core; milliseconds",
        f"  {'':36} {'p50':>8} {'p95':>8} {'stock p50':>9} {'p95':>8}   ratio of p50",
        row("ready, freshly forked", "fresh ready", "stock ready"),
        row("ready, from the warm pool", "warm ready", "stock ready"),
        row("ready and first solve, fresh", "fresh ready and solve", "stock ready and solve"),
        row("ready and first solve, warm", "warm ready and solve", "stock ready and solve"),
        row("trivial cell", "trivial cell", "stock trivial cell"),
        *(
            f"  {name:36} {seconds[name]['p50'] * 1e3:8.1f} {seconds[name]['p95'] * 1e3:8.1f}"
            for name in (DEATH, KILL)
        ),
        *_sessions(numbers["sessions"]),
    ]
    burst = numbers["burst"]
    lines.append(
        f"{burst['kernels']} kernels asked for at once, one cell each: first after {burst['first']:.2f} s, "
        f"median {burst['median']:.2f} s, last {burst['last']:.2f} s"
    )
    lines.append("unique memory per kernel, MB (idle / after a solve / MemAvailable lost)")
    for count, sizes in numbers["memory"].items():
        lines.append(
            f"  {count} alive: {sizes['idle'] / 1e6:.1f} / {sizes['solved'] / 1e6:.1f} / {sizes['machine'] / 1e6:.1f}"
        )
    stock = numbers["stock_memory"]
    lines.append(f"  stock: {stock['idle'] / 1e6:.1f} / {stock['solved'] / 1e6:.1f}")
    return "\n".join(lines)


def _sessions(measured: dict[str, Any]) -> list[str]:
    lines = [f"{'sessions of three cells per second, at a time':54}" + "".join(f"{n:>14}" for n in AT_ONCE)]
    ours = measured[SANDBOX]
    for name, numbers in measured.items():
        shown = ""
        for at_once in map(str, AT_ONCE):
            if at_once in numbers:
                rate = numbers[at_once]["per_second"]
                ratio = f" ({ours[at_once]['per_second'] / rate:.1f}x)" if name != SANDBOX else ""
                shown += f"{f'{rate:.2f}{ratio}':>14}"
        lines.append(f"  {name:52}{shown}")
    return [
        *lines,
        f"  ({SANDBOX} against it; the Flask server has the architecture of NeMo-Skills' and is not it)",
    ]
