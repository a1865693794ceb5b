"""Is an answer equivalent to the known one? Decided with hard deadlines, and never "wrong" because a grader failed."""

from mathagent.grading.grade import Grade
from mathagent.grading.grader import Grader

__all__ = ["Grade", "Grader"]
