"""The ways to choose among samples, drawn for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mathagent.shown import clean
from mathagent.verify.rerank import Reranking

_COLUMNS = (
    "way",
    "scores",
    "problems",
    "correct",
    "95% interval",
    "solver tokens",
    "verifier prompt",
    "generated",
)


def rerank_parts(found: Reranking) -> Iterator[RenderableType]:
    """The table, and notes on it. Tokens are those of one problem, on average."""
    yield Text(clean(f"{found.data} · {found.k} samples of {found.problems} problems"), style="bold")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        left = name in ("way", "scores")
        table.add_column(name, justify="left" if left else "right", no_wrap=name != "scores", overflow="fold")
    for way in found.ways:
        metric = way.metric
        table.add_row(
            Text(metric.evaluation_mode),
            Text(clean(way.scores)),
            f"{metric.num_entries}",
            f"{metric.symbolic_correct:.2f}%",
            f"{metric.ci_low:.1f} to {metric.ci_high:.1f}",
            _tokens(way.solver_tokens),
            _tokens(way.verifier_prompt_tokens) if way.scores else "",
            _tokens(way.verifier_generated_tokens) if way.scores else "",
        )
    yield table
    for note in found.notes:
        yield Text(clean(f"note: {note}"), style="yellow")


def _tokens(number: float) -> str:
    return f"{number:.0f}"
