"""How far a verifier's probabilities can be trusted, drawn for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mathagent.run.calibration import Calibration


def calibration_parts(found: Calibration) -> Iterator[RenderableType]:
    """The numbers in a line, the reliability table, and what to be warned of."""
    if found.brier is None:
        yield Text(f"calibration  no right verdict is known for any of {found.verdicts}", style="dim")
    else:
        auroc = "undefined" if found.auroc is None else f"{found.auroc:.4f}"
        yield Text(
            f"calibration  Brier {found.brier:.4f}, ECE {found.ece:.4f}, AUROC {auroc}, accuracy at 0.5 "
            f"{found.accuracy:.2%}, base rate {found.base_rate:.2%}, over {found.known} of {found.verdicts} verdicts"
        )
        yield _reliability(found)
    if found.bias is not None:
        yield Text(
            f"order        the first of two is better with probability {found.bias.first:.4f} on average, and "
            f"{found.bias.flips:.1%} of {found.bias.pairs} pairs have another verdict in the other order"
        )
    if found.low_mass:
        yield Text(
            f"note: in {found.low_mass} of {found.verdicts} verdicts the options had less than half of the "
            "probability: the model wanted to say something else",
            style="yellow",
        )


def _reliability(found: Calibration) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("probability", "verdicts", "mean", "true"):
        table.add_column(name, justify="left" if name == "probability" else "right", no_wrap=True)
    for each in found.bins:
        table.add_row(
            f"{each.low:.1f} to {each.high:.1f}", f"{each.count}", f"{each.mean:.4f}", f"{each.share:.4f}"
        )
    return table
