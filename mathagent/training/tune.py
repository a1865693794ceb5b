"""Fit a LoRA adapter (arXiv 2106.09685) or a whole model to examples: one process, CPU or CUDA, resumable, seeded.

transformers and PEFT make the model and the adapter; the loop over steps is our own and short, because on a CPU what
counts is which work is left out: frozen layers below the lowest trained one are run without gradients, the output
head is run where something is learned and for the tokens that are ever said (`head`), what several examples begin with
is run once (`rows`), and batches hold rows of about equal length.
"""

from __future__ import annotations

import itertools
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mathagent.errors import RunError
from mathagent.training.batches import batches
from mathagent.training.encode import Encoded
from mathagent.training.head import Head
from mathagent.training.rows import Row, rows
from mathagent.training.trained import trained
from mathagent.training.tune_settings import TuneSettings

_STATE = "state.pt"
_SAVE_SECONDS = 180.0
_WARM = 0.03
_PADDING = -2  # of a branch's number: none's


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands: steps, examples and tokens so far, seconds of training, the loss of the last steps."""

    step: int
    examples: int
    tokens: int
    seconds: float
    loss: float
    share: float


def tune(
    model: Path,
    data: Sequence[Encoded],
    output: Path,
    settings: TuneSettings,
    report: Callable[[Progress], None] = lambda progress: None,
    *,
    start: Path | None = None,
) -> Progress:
    """Tune, writing a checkpoint every three minutes and at the end; goes on from one that lies in `output`.

    SIGINT and SIGTERM end it after the step that runs, with a checkpoint, by KeyboardInterrupt.

    Args:
        model: a folder that transformers reads.
        data: the examples, at least one.
        output: the folder of the adapter, in PEFT's format, or of the whole model, and of the state to go on from.
        settings: how. They must be those of the checkpoint, but for `minutes`.
        report: told of the progress every ten steps.
        start: the folder of an adapter of the same rank and layers to begin with, of an earlier round.

    Raises ValueError where `output` holds a run with other settings, or `start` an adapter of another form, RunError
    where `output` can't be written.
    """
    run = Run(model, data, output, settings, start)
    with _interruptible() as interrupted:
        while (share := run.share()) < 1.0 and not interrupted:
            run.step(share)
            if run.steps % 10 == 0:
                report(run.progress())
            if time.monotonic() - run.saved > _SAVE_SECONDS:
                run.save()
        run.save()
    if interrupted:
        raise KeyboardInterrupt
    return run.progress()


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM, so that a step ends whole before the run does; a second one is not waited for."""
    got: list[int] = []

    def note(number: int, frame: object) -> None:
        if got:
            raise KeyboardInterrupt
        got.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield got
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield got
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Run:
    """A run of `tune`, step by step. The arguments are those of `tune`."""

    def __init__(
        self, model: Path, data: Sequence[Encoded], output: Path, settings: TuneSettings, start: Path | None
    ) -> None:
        import torch

        torch.manual_seed(settings.seed)
        self.settings, self.rows, self.output = settings, rows(data), output
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.trained = trained(model, settings, self.device, start)
        self.parameters = [*self.trained.weights.values()]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=settings.rate, weight_decay=0.0)
        self.steps = self.examples = self.tokens = 0
        self.seconds, self.loss = 0.0, math.nan
        self.lengths = [len(row.ids) for row in self.rows]
        self.head = Head(self.trained.model.lm_head.weight, self.rows, settings.seed)
        self._resume()
        self.total = math.ceil(settings.epochs * len(self._epoch(0)))
        every = itertools.chain.from_iterable(map(self._epoch, itertools.count()))
        self.batches = itertools.islice(every, self.steps, None)
        self.saved = time.monotonic()

    def share(self) -> float:
        """How much of the run is done, from 0 to 1: by steps or by time, whichever is further."""
        shares = [self.steps / self.total]
        if self.settings.minutes is not None:
            shares.append(self.seconds / (60 * self.settings.minutes))
        return max(shares)

    def step(self, share: float) -> None:
        """One batch."""
        import torch

        began = time.monotonic()
        rate = self.settings.rate * min(1.0, (share + 1e-3) / _WARM)
        rate *= 0.05 + 0.95 * (1 + math.cos(math.pi * share)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        chosen = [self.rows[index] for index in next(self.batches)]
        loss = self._loss(chosen)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        now = float(loss.detach())
        self.loss = now if math.isnan(self.loss) else 0.95 * self.loss + 0.05 * now
        self.steps += 1
        self.examples += sum(row.examples for row in chosen)
        self.tokens += sum(len(row.ids) for row in chosen)
        self.seconds += time.monotonic() - began

    def _loss(self, chosen: Sequence[Row]) -> Any:
        """The mean cross-entropy of the learned tokens, weighted."""
        import torch

        length = max(len(row.ids) for row in chosen)
        ids, positions = torch.zeros(2, len(chosen), length, dtype=torch.long)
        branches = torch.full((len(chosen), length), _PADDING)
        learned = []
        for number, row in enumerate(chosen):
            size = len(row.ids)
            ids[number, :size] = torch.tensor(row.ids)
            positions[number, :size] = torch.tensor(row.positions)
            branches[number, :size] = torch.tensor(row.branches)
            learned += [(number, *each) for each in row.learned]
        sees = None  # plain causal attention, which is faster, and hides padding too: it stands at the end
        if any(row.examples > 1 for row in chosen):
            to, seen = branches[:, :, None], branches[:, None, :]
            sees = ((seen == to) | (seen == -1)) & torch.ones(length, length, dtype=torch.bool).tril()
            sees = sees[:, None].to(self.device)
        which, after, said, weights = map(torch.tensor, zip(*learned, strict=True))
        with self.trained.precision():
            hidden = self.trained.model.model(
                input_ids=ids.to(self.device),
                position_ids=positions.to(self.device),
                attention_mask=sees,
                use_cache=False,
            ).last_hidden_state
            learned_from = hidden[which.to(self.device), after.to(self.device)]
            losses = self.head.losses(learned_from, said, self.steps)
        weights = weights.to(self.device)
        return (losses * weights).sum() / weights.sum()

    def _epoch(self, number: int) -> list[list[int]]:
        return list(batches(self.lengths, self.settings.tokens, self.settings.seed + number))

    def progress(self) -> Progress:
        """Where it stands."""
        return Progress(self.steps, self.examples, self.tokens, self.seconds, self.loss, self.share())

    def save(self) -> None:
        """Write what is trained and the state; a killed process leaves the last ones whole. Raises RunError."""
        from safetensors import SafetensorError

        try:
            self.output.mkdir(parents=True, exist_ok=True)
            self.trained.write(self.output)
            self._write_state()
        except (
            OSError,
            RuntimeError,
            SafetensorError,
        ) as error:  # RuntimeError: how torch says that a disk is full
            raise RunError(f"can't write {self.output}: {error}", "the last checkpoint is whole") from None
        self.saved = time.monotonic()

    def _write_state(self) -> None:
        import torch

        counts = {name: getattr(self, name) for name in ("steps", "examples", "tokens", "seconds", "loss")}
        state = {
            "settings": asdict(self.settings),
            "counts": counts,
            "data": len(self.rows),
            "weights": dict(self.trained.weights),
            "optimizer": self.optimizer.state_dict(),
        }
        partial = self.output / f"{_STATE}.partial"
        torch.save(state, partial)
        partial.replace(self.output / _STATE)

    def _resume(self) -> None:
        import torch

        path = self.output / _STATE
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device)
        same = {**state["settings"], "minutes": None} == {**asdict(self.settings), "minutes": None}
        if not same or state["data"] != len(self.rows):
            raise ValueError(f"{self.output} holds a run with other settings or data")
        with torch.no_grad():
            for name, value in state["weights"].items():
                self.trained.weights[name].copy_(value)
        self.optimizer.load_state_dict(state["optimizer"])
        for name, value in state["counts"].items():
            setattr(self, name, value)
