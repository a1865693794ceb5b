"""Is an answer equivalent to the known one? Decided with hard deadlines, and never "wrong" because a grader failed."""

from mathagent.grading.audit import Audit, audit
from mathagent.grading.cluster import EMPTY, Clusters, cluster
from mathagent.grading.grade import Grade
from mathagent.grading.grader import Grader

__all__ = ["EMPTY", "Audit", "Clusters", "Grade", "Grader", "audit", "cluster"]
