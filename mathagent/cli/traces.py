"""`mathagent traces`: runs and traces, a line each, all or those that are asked for."""

from __future__ import annotations

import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from mathagent.cli.failures import console, notice, told
from mathagent.cli.machine import write_json
from mathagent.cli.query import Words, source_and_query
from mathagent.collection import Collection, Entry, Query, open_collection
from mathagent.collection.query import VERDICTS, field_is, field_within, matching
from mathagent.errors import UsageError
from mathagent.run.state import RunState, runs_in
from mathagent.views.traces import run_line, run_table, trace_line, trace_table

_FILTERS = "Filters (all must hold)"
_RANGE = "5, 2..5, 2.., ..5, '>=2'"
_FIELDS = tuple(field.name for field in fields(Entry) if field.name != "unknown")


def _filter(name: str, help: str, metavar: str = "WORDS") -> Any:
    return typer.Option(f"--{name}", help=help, metavar=metavar, rich_help_panel=_FILTERS)


Verdicts = Annotated[str | None, _filter("verdict", f"One or more of {', '.join(VERDICTS)}.")]


def traces(
    words: Words = None,
    verdict: Verdicts = None,
    correct: Annotated[
        bool, typer.Option("--correct", help="The verdict.", rich_help_panel=_FILTERS)
    ] = False,
    wrong: Annotated[bool, typer.Option("--wrong", help="The verdict.", rich_help_panel=_FILTERS)] = False,
    finish: Annotated[str | None, _filter("finish", "Why it ended: answer, token_limit, ...")] = None,
    dataset: Annotated[str | None, _filter("dataset", "A part of the data set's name.")] = None,
    problem: Annotated[str | None, _filter("problem", "A part of the problem's id.")] = None,
    level: Annotated[str | None, _filter("level", "The level, or several: 4,5.")] = None,
    kind: Annotated[str | None, _filter("type", "A part of the subject or type.")] = None,
    model: Annotated[str | None, _filter("model", "A part of the model's name.")] = None,
    tokens: Annotated[str | None, _filter("tokens", f"Generated: {_RANGE}.", "RANGE")] = None,
    rounds: Annotated[str | None, _filter("rounds", "Code executions.", "RANGE")] = None,
    seconds: Annotated[str | None, _filter("seconds", "Wall time.", "RANGE")] = None,
    grep: Annotated[
        str | None, _filter("grep", "In the problem, the prose, the code or the outputs.", "PATTERN")
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort", help="By a field, such as tokens or started; unknown values last.", metavar="FIELD"
        ),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", "-r", help="The other way round.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first N.")] = None,
    last: Annotated[int | None, typer.Option("--last", "-n", min=1, help="Only the last N.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="With --json: whole traces, which make a trace file again.")
    ] = False,
) -> None:
    """List the traces of a run or a file, or the runs in a folder; all of them, or those that a query asks for.

    On a pipe: tab-separated, no header: id, problem, sample, verdict, finish, answer, gold, tokens, rounds, seconds,
    level, type, dataset, model, question; for runs: name, data, model, done, total, accuracy, started, state.
    """
    with told():
        source, query = source_and_query(words)
        chosen = [verdict, "correct" if correct else None, "wrong" if wrong else None]
        asked = {"verdict": ",".join(filter(None, chosen)) or None, "finish": finish, "dataset": dataset}
        asked |= {"problem": problem, "level": level, "type": kind, "model": model}
        ranges = {"tokens": tokens, "rounds": rounds, "seconds": seconds}
        query = query & flags_query(asked, ranges, grep)
        if full and not as_json:
            raise UsageError("--full belongs to --json")
        if source is not None and is_folder_of_runs(source):
            if query.terms or sort:
                raise UsageError(
                    f"{source} holds runs, and filters and --sort are for the traces of one", "name the run"
                )
            found, notices = runs_in(source)
            for line in notices:
                notice(line)
            _show_runs(_part(found[::-1] if reverse else found, limit, last), as_json)
            notice(f"{len(found)} run{'' if len(found) == 1 else 's'}")
            return
        collection = open_collection(source)
        for line in collection.notices:
            notice(line)
        entries = collection.select(query)
        if sort is not None:
            entries = sorted_by(entries, sort)
        shown = _part(entries[::-1] if reverse else entries, limit, last)
        _show_traces(collection, shown, as_json, full)
        notice(f"{len(shown)} of {len(collection.entries)} traces")


def flags_query(asked: dict[str, str | None], ranges: dict[str, str | None], grep: str | None) -> Query:
    """What the flags ask for; None for those that are not given. Raises UsageError."""
    query = Query()
    unknown = set((asked["verdict"] or VERDICTS[0]).split(",")) - set(VERDICTS)
    if unknown:
        raise UsageError(f"--verdict {','.join(sorted(unknown))} is none", f"there are {', '.join(VERDICTS)}")
    for field, words in asked.items():
        if words is not None:
            query = query & field_is(field, words)
    for field, wanted in ranges.items():
        if wanted is not None:
            query = query & field_within(field, wanted)
    return query if grep is None else query & matching(grep)


def is_folder_of_runs(source: Path) -> bool:
    """Whether a source is a folder and no run itself."""
    return source.is_dir() and not (source / "settings.json").exists()


def sorted_by(entries: list[Entry], field: str) -> list[Entry]:
    """The entries in the order of a field, unknown values last, equal ones as they were. Raises UsageError."""
    if field not in _FIELDS:
        raise UsageError(f"--sort {field}: there is no such field", f"there are {', '.join(_FIELDS)}")

    def key(entry: Entry) -> tuple[bool, Any]:
        value = entry.known(field)
        return (True, 0) if value is None else (False, value)

    return sorted(entries, key=key)


def _part(found: list[Any], limit: int | None, last: int | None) -> list[Any]:
    return found[:limit][-(last or 0) :]


def _show_traces(collection: Collection, entries: list[Entry], as_json: bool, full: bool) -> None:
    if as_json:
        for entry in entries:
            write_json(
                collection.trace(entry).model_dump(mode="json")
                if full
                else {field: entry.known(field) for field in _FIELDS}
            )
        return
    screen = console()
    if screen.is_terminal:
        names = {(entry.problem, entry.sample) for entry in collection.entries}
        named = len(names) == len(collection.entries) and all(each.problem for each in collection.entries)
        screen.print(trace_table(entries, by_problem=named))
    else:
        sys.stdout.writelines(trace_line(entry) + "\n" for entry in entries)


def _show_runs(runs: list[RunState], as_json: bool) -> None:
    screen = console()
    if as_json:
        for run in runs:
            write_json({**asdict(run), "path": str(run.path)})
    elif screen.is_terminal:
        screen.print(run_table(runs))
    else:
        sys.stdout.writelines(run_line(run) + "\n" for run in runs)
