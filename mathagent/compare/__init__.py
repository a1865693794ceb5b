"""Two runs side by side, problem by problem, and two traces of one problem, step by step.

What the numbers of one run are stands in `mathagent.run.metrics`; here only pairs are looked at.
"""

from mathagent.compare.comparison import compare
from mathagent.compare.result import Comparison
from mathagent.compare.sides import Side, labelled, open_side
from mathagent.compare.steps import Aligned, Unit, align, units_of

__all__ = ["Aligned", "Comparison", "Side", "Unit", "align", "compare", "labelled", "open_side", "units_of"]
