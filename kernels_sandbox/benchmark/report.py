"""The numbers as a table for a person."""

from __future__ import annotations

from typing import Any


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
        "sessions of three cells per second (at a time: per second)",
    ]
    for name, rates in numbers["sessions"].items():
        lines.append(f"  {name:54} " + "  ".join(f"{n}: {rate:.2f}" for n, rate in rates.items()))
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
