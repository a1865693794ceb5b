"""Many traces at once: a run's folder, a trace file, or another tool's file, opened, filtered and compared.

What one trace is stands in `mathagent.trace`; the numbers of a run are `mathagent.run.report`'s.
"""

from mathagent.collection.entry import Entry, Texts
from mathagent.collection.query import Query, parse_query
from mathagent.collection.source import Collection, open_collection

__all__ = ["Collection", "Entry", "Query", "Texts", "open_collection", "parse_query"]
