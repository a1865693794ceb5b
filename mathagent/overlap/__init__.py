"""Which problems are the same problem again: overlaps with evaluation sets, and near-duplicates among many.

Both read a text through `normal`, so that spacing, LaTeX, case, punctuation, names and the way in which a number is
written do not matter. Not here: whether two answers are equal (`mathagent.grading`).
"""

from mathagent.overlap.evaluation import Evaluation, Overlap, load_evaluation
from mathagent.overlap.near import NearDuplicates
from mathagent.overlap.normal import Normal, normal

__all__ = ["Evaluation", "NearDuplicates", "Normal", "Overlap", "load_evaluation", "normal"]
