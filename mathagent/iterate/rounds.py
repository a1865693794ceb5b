"""Rounds of self-iteration, each a folder of stages in one folder.

settings.json        what decides the results; the number of rounds may be raised later
ledger.jsonl         one line for each finished round: yield, cost, reasons for drops
round-N/settings.json   the model of the round: the next one may have another, trained on what this one gave
round-N/augmented    new problems out of the round's sources (`mathagent.augment`)
round-N/solved       a run: the sources themselves
round-N/verified     a run: what the model says of the solutions, if it is asked (`mathagent.iterate.judged`)
round-N/ledger.jsonl    one line for each solution (`Line`)
round-N/export       trl-sft, chat, text, dpo: solutions; augment: the replies that became new problems
round-N/summary.json    the line of the round

The sources of the first round are the data set; those of each further one are the problems that the last one made, at
most as many as the data set has.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from mathagent import __version__
from mathagent.augment import Augmentation, augment, option_settings
from mathagent.augment import Options as Augmenting
from mathagent.augment import settings_of as augment_settings
from mathagent.augment.entry import KEPT
from mathagent.data import DataSet, Problem, shuffled
from mathagent.examples import Example, Form, Wanted, open_examples, select, write_examples
from mathagent.iterate.judged import cost, judged
from mathagent.iterate.solutions import lines, solutions
from mathagent.protocols.tools import Tools
from mathagent.run.folder import ABOUT, KIND, read_settings, write_whole
from mathagent.run.staged import Stages, asked_settings, begin_stages, data_settings, write_lines
from mathagent.settings import Settings

_SOURCES, _NEW = "solved", "augmented/solved"


@dataclass(frozen=True, slots=True)
class Options:
    """What the rounds do.

    rounds: how many. augmenting: how new problems are made; sources are solved by as many samples as they are.
    wanted: what a solution must be, to be trained on. verify: the role in which the model judges those that are all
    this but for their `reward`, None for no verification. pairs: preferences of each problem.
    """

    rounds: int
    augmenting: Augmenting
    wanted: Wanted = field(default_factory=lambda: Wanted(correct=True, mattered=True, distinct=True, most=4))
    verify: Literal["outcome", "process"] | None = None
    pairs: int = 1


def settings_of(data: DataSet, options: Options, settings: Settings, seed: int) -> dict[str, Any]:
    """What decides the results, but for the models, which rounds have for themselves."""
    return {
        KIND: "iterate",
        "data": data_settings(data),
        **option_settings(options.augmenting),
        "wanted": asdict(options.wanted),
        "verify": options.verify,
        "pairs": options.pairs,
        "seed": seed,
        **asked_settings(settings),
        ABOUT: {"mathagent": __version__, "source": data.source, "licence": data.licence},
    }


async def iterate(
    data: DataSet,
    options: Options,
    settings: Settings,
    stages: Stages,
    model: str,
    tell: Callable[[str], None],
) -> list[Mapping[str, Any]]:
    """Run the rounds that have not ended, and go on in the one that has begun; the summary of each.

    Args:
        data: the problems to start from.
        options: what to do.
        settings: of the session that solves.
        stages: the folder.
        model: the name of the one that is served.
        tell: takes lines about what a person should know.

    Raises what `Stages.run` does, and UsageError where a round was begun with another model.
    """
    sources, known = list(data.problems), list(data.problems)
    summaries: list[Mapping[str, Any]] = []
    before = ""
    for number in range(1, options.rounds + 1):
        round_ = _Round(number, stages, replace(data, problems=tuple(sources), bad=()), options, settings)
        made, solved_by = await round_.run(model, known, solve=before)
        summaries.append(round_.summary)
        write_lines(stages.path / "ledger.jsonl", summaries)
        before, known = solved_by, [*known, *made.problems]
        sources = shuffled(made.problems, stages.plan.seed)[: len(data.problems)]
        if not sources and number < options.rounds:
            tell(f"round {number} made no new problem: there is nothing to go on with")
            break
    return summaries


class _Round:
    """One round. `summary` is there after `run`."""

    summary: Mapping[str, Any]

    def __init__(
        self, number: int, stages: Stages, data: DataSet, options: Options, settings: Settings
    ) -> None:
        self._number = number
        self._data = data
        self._options = options
        self._settings = settings
        plan = replace(stages.plan, seed=stages.plan.seed + number - 1)
        self._stages = replace(stages.inner(f"round-{number}"), plan=plan)
        self._path = self._stages.path

    async def run(self, model: str, known: Sequence[Problem], *, solve: str) -> tuple[Augmentation, str]:
        """Run the stages that have not ended and write what follows from them.

        Args:
            model: that is served now; a round that has ended keeps its own.
            known: problems that new ones must not be near to.
            solve: the model that has solved the sources already, "" for none.

        Returns the augmentation, and the model of the round.
        """
        if (self._path / "summary.json").exists():
            model = str(read_settings(self._path)["model"])
        else:
            begin_stages(self._path, {KIND: "round", "model": model, ABOUT: {"mathagent": __version__}})
        inner, augmenting = self._stages.inner("augmented"), self._options.augmenting
        seed = self._stages.plan.seed
        begin_stages(inner.path, augment_settings(self._data, augmenting, self._settings, seed, model))
        made = await augment(self._data, augmenting, self._settings, inner, known=known)
        sources = self._data if solve != model else replace(self._data, problems=())
        folder = await self._stages.run(_SOURCES, sources, self._settings, samples=augmenting.samples)
        examples = [
            *solutions(folder, sources.problems, augmenting.agree),
            *solutions(self._path / _NEW, made.problems, augmenting.agree),
        ]
        self._write(model, made, await self._chosen(examples), sources.problems)
        return made, model

    async def _chosen(self, examples: Sequence[Example]) -> list[tuple[Example, str]]:
        """Every example, with its reward if it was judged, and what becomes of it: "kept", or why not.

        Only those are judged that are all that is wanted otherwise: judging costs.
        """
        wanted = self._options.wanted
        fit, dropped = select(examples, replace(wanted, reward=None, most=None))
        if self._options.verify is not None:
            fit = await judged(self._stages, fit, self._options.verify, self._settings, self._data)
        kept, objected = select(fit, Wanted(reward=wanted.reward, most=wanted.most))
        found = {each.name: (each, reason) for each, reason in (*dropped, *objected)}
        found |= {each.name: (each, KEPT) for each in kept}
        return [found[each.name] for each in examples]

    def _write(
        self,
        model: str,
        made: Augmentation,
        chosen: Sequence[tuple[Example, str]],
        sources: Sequence[Problem],
    ) -> None:
        """Export, and write the ledger."""
        examples = [example for example, _ in chosen]
        kept = [example for example, outcome in chosen if outcome == KEPT]
        ledger = lines(
            chosen,
            {problem.id: problem for problem in (*sources, *made.problems)},
            {problem.id: _SOURCES for problem in sources} | {problem.id: _NEW for problem in made.problems},
        )
        exported = self._export(examples, kept, made)
        write_lines(self._path / "ledger.jsonl", (line.model_dump() for line in ledger))
        asked = made.summary
        spent = [each for each in ledger if each.stage == _SOURCES]
        judging, judging_seconds = cost(self._stages)
        self.summary = {
            "round": self._number,
            "model": model,
            "problems": {"sources": len(self._data.problems), "asked": asked["asked"], "kept": asked["kept"]},
            "problems_dropped": asked["dropped"],
            "solutions": {"drawn": len(ledger), "kept": len(kept)},
            "solutions_dropped": dict(
                Counter(outcome for _, outcome in chosen if outcome != KEPT).most_common()
            ),
            "exported": exported,
            "tokens": {**asked["tokens"], "sources": sum(each.tokens for each in spent), "verified": judging},
            "seconds": {
                **asked["seconds"],
                "sources": round(sum(each.seconds for each in spent), 1),
                "verified": judging_seconds,
            },
        }
        write_whole(self._path / "summary.json", json.dumps(self.summary, indent=2) + "\n")

    def _export(
        self, examples: Sequence[Example], kept: Sequence[Example], made: Augmentation
    ) -> dict[str, int]:
        """Write the files to train on; how many lines each has."""
        folder = self._path / "export"
        calls = any(each.trace.protocol == Tools.name for each in examples)
        form = Form(pairs=self._options.pairs, calls=calls)
        distinct, _ = select(examples, Wanted(distinct=True))
        written = {
            "trl-sft": write_examples(kept, "trl-sft", folder / "trl-sft.jsonl", form),
            "chat": write_examples(kept, "chat", folder / "chat.jsonl"),
            "dpo": write_examples(distinct, "dpo", folder / "dpo.jsonl", form),
        }
        if not calls:
            written["text"] = write_examples(kept, "text", folder / "text.jsonl")
        asked = open_examples(self._path / "augmented") if made.entries else []
        written["augment"] = write_examples(asked, "trl-sft", folder / "augment.jsonl", form)
        return written
