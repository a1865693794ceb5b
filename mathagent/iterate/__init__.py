"""Self-iteration: rounds that augment, solve, filter, deduplicate and export (arXiv 2402.06332, section 4)."""

from mathagent.iterate.rounds import Options, iterate, settings_of

__all__ = ["Options", "iterate", "settings_of"]
