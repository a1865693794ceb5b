"""The stages of an augmentation: ask, read, keep apart from evaluation sets, solve, agree.

asked/WAY        a run: the problems of the data set, each with the prompt of the way
solved           a run: the new problems, each solved by several samples
problems.jsonl   those that were kept
ledger.jsonl     every new problem that was asked for, and what became of it (`Entry`)
summary.json     how many were kept and dropped, by way and by reason, and what it cost

What needs no model comes before the solving: a copy of a test problem costs no more tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mathagent import __version__
from mathagent.augment.agreement import agreement
from mathagent.augment.entry import ASKED_NO_ANSWER, Entry
from mathagent.augment.reader import read_problem
from mathagent.augment.result import Augmentation, problem_of, written
from mathagent.augment.ways import Way
from mathagent.data import DataSet, Problem
from mathagent.overlap import Evaluation, NearDuplicates
from mathagent.run.folder import ABOUT, KIND, read_rows
from mathagent.run.rows import Row
from mathagent.run.staged import Stages, asked_settings, data_settings
from mathagent.settings import Settings
from mathagent.trace import read


@dataclass(frozen=True, slots=True)
class Options:
    """What an augmentation does.

    ways: in which problems are changed. per_problem: new problems asked for in each way. samples: that solve each new
    problem. agree: the share of them that must give the leading answer. evaluation: sets that must not be trained on.
    """

    ways: Sequence[Way]
    per_problem: int = 1
    samples: int = 4
    agree: float = 0.75
    evaluation: Evaluation = field(default_factory=Evaluation)


def settings_of(data: DataSet, options: Options, settings: Settings, seed: int, model: str) -> dict[str, Any]:
    """What decides the results of an augmentation: it goes on only with the same.

    Args:
        data: the problems.
        options: what to do.
        settings: of the session.
        seed: of the runs.
        model: the name of the one that is served.
    """
    return {
        KIND: "augment",
        "data": data_settings(data),
        **option_settings(options),
        "seed": seed,
        "model": model,
        **asked_settings(settings),
        ABOUT: {"mathagent": __version__, "source": data.source, "licence": data.licence},
    }


def option_settings(options: Options) -> dict[str, Any]:
    """The options as settings have them."""
    return {
        "ways": [way.name for way in options.ways],
        "per_problem": options.per_problem,
        "solve_samples": options.samples,
        "agree": options.agree,
        "against": dict(options.evaluation.sets),
    }


async def augment(
    data: DataSet,
    options: Options,
    settings: Settings,
    stages: Stages,
    *,
    known: Sequence[Problem] = (),
) -> Augmentation:
    """Run the stages that have not ended, and work out what follows from them.

    Args:
        data: the problems to start from.
        options: what to do.
        settings: of the session that solves; those that ask differ in role and prompt.
        stages: the folder.
        known: further problems that new ones must not be near to.

    Raises what `Stages.run` does.
    """
    sources = {problem.id: problem for problem in data.problems}
    entries: list[Entry] = []
    for way in options.ways:
        asked = tuple(
            _asked(problem, way) for problem in data.problems if problem.gold or not way.needs_answer
        )
        part = replace(
            data, name=f"{data.name}, {way.name}", problems=asked, samples=options.per_problem, bad=()
        )
        asking = replace(
            settings, role=way.name, mode="cot", prompt=None, protocol=None, tokens=None, executions=None
        )
        folder = await stages.run(f"asked/{way.name}", part, asking, samples=options.per_problem)
        entries += _read(folder, way, sources)
    order = {name: number for number, name in enumerate(sources)}
    entries.sort(key=lambda entry: order[entry.source])  # stable: ways in their order, then samples
    entries = _apart(entries, [*data.problems, *known], options.evaluation)
    new = tuple(problem_of(entry, data.name) for entry in entries if entry.kept)
    part = replace(data, name=f"{data.name}, new problems", problems=new, samples=options.samples, bad=())
    folder = await stages.run("solved", part, settings, samples=options.samples)
    entries = _agreed(entries, read_rows(folder), options.agree)
    return written(stages.path, entries, data, sources)


def _asked(problem: Problem, way: Way) -> Problem:
    """A problem as a way's prompt gets it: there is no answer to grade."""
    given = {"answer": problem.gold} if way.needs_answer and problem.gold else {}
    return replace(problem, gold=None, also=(), parts=(), given=given)


def _read(folder: Path, way: Way, sources: Mapping[str, Problem]) -> list[Entry]:
    """The entries of one way: every reply read, and the problems that could not be asked."""
    entries = []
    rows = {row.trace_id: row for row in read_rows(folder)}
    traces = read(folder / "traces.jsonl") if rows else ()
    for trace in traces:
        row, source = rows[trace.id], sources[trace.problem.id]
        found = read_problem(trace, source, way)
        entry = Entry(
            id=f"{source.id}/{way.name}-{trace.sample}",
            source=source.id,
            root=root_of(source),
            way=way.name,
            prompt=trace.prompt.name,
            prompt_sha256=trace.prompt.sha256,
            trace_id=trace.id,
            problem=found.text,
            expected_answer=found.expected,
            asked_tokens=row.num_generated_tokens,
            asked_seconds=row.generation_time,
        )
        entries.append(entry.dropped(found.fault) if found.fault else entry)
    if way.needs_answer:
        entries += [
            Entry(id=f"{source.id}/{way.name}", source=source.id, root=root_of(source), way=way.name).dropped(
                ASKED_NO_ANSWER
            )
            for source in sources.values()
            if not source.gold
        ]
    return sorted(entries, key=lambda entry: entry.id)


def root_of(problem: Problem) -> str:
    """The id of the problem that this one goes back to; its own, unless an augmentation made it."""
    return str(problem.extra.get("root") or problem.id)


def _apart(entries: Sequence[Entry], known: Sequence[Problem], evaluation: Evaluation) -> list[Entry]:
    """Drop problems of evaluation sets, and near-duplicates of known problems and of each other; the first stays."""
    kept, found = NearDuplicates(), []
    for number, problem in enumerate(known):
        kept.add(f"{number}", problem.text)
    for entry in entries:
        if not entry.kept:
            found.append(entry)
        elif (overlap := evaluation.find(entry.problem)) is not None:
            found.append(
                entry.dropped("overlap", f"{overlap.set} {overlap.id}, {overlap.how} {overlap.share}")
            )
        elif (near := kept.add(entry.id, entry.problem)) is not None:
            found.append(entry.dropped("near-duplicate", known[int(near)].id if near.isdigit() else near))
        else:
            found.append(entry)
    return found


def _agreed(entries: Sequence[Entry], rows: Sequence[Row], wanted: float) -> list[Entry]:
    by_problem: dict[str, list[Row]] = {}
    for row in rows:
        by_problem.setdefault(row.id, []).append(row)
    found = []
    for entry in entries:
        if not entry.kept:
            found.append(entry)
            continue
        mine = by_problem.get(entry.id, [])
        agreed = agreement(mine, wanted)
        changed: dict[str, Any] = {
            "agreement": agreed.share,
            "samples": list(agreed.samples),
            "solved_tokens": sum(row.num_generated_tokens for row in mine),
            "solved_seconds": round(sum(row.generation_time + row.code_execution_time for row in mine), 3),
        }
        if agreed.fault:
            found.append(entry.model_copy(update=changed).dropped(agreed.fault, agreed.answer or ""))
        else:
            known = entry.expected_answer
            changed["expected_answer"] = agreed.answer if known is None else known
            found.append(entry.model_copy(update=changed))
    return found
