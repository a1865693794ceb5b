"""Data sets: problems by short name, from files or the Hugging Face hub, chosen and ordered; sheets for human markers.

    from mathagent.data import load

    data = load("gsm8k:4", data_dir=Path("data"), limit=100, seed=0)
    for problem in data.problems:
        ...  # problem.id, .text, .gold, .language
    for row in data.bad:
        ...  # str(row): file, row, what was found

Not here: how a problem is solved (`loop`), whether an answer is right (`grading`), what a run writes.
"""

from mathagent.data.choices import rotations
from mathagent.data.columns import read_mapping
from mathagent.data.load import load
from mathagent.data.problem import BadRow, DataSet, Option, Problem
from mathagent.data.registry import SetInfo, find_set, sets
from mathagent.data.select import read_ids, read_spec, shuffled
from mathagent.data.sheet import Mark, Marks, SheetRow, read_marks, write_sheet

__all__ = [
    "BadRow",
    "DataSet",
    "Mark",
    "Marks",
    "Option",
    "Problem",
    "SetInfo",
    "SheetRow",
    "find_set",
    "load",
    "read_ids",
    "read_mapping",
    "read_marks",
    "read_spec",
    "rotations",
    "sets",
    "shuffled",
    "write_sheet",
]
