"""The numbers of a run as one object: what `--json` prints and `metrics.json` holds. How they are made: `metrics`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from mathagent.run.calibration import Calibration


class Metric(BaseModel):
    """One way to evaluate. Shares are percent; the interval is at 95 %, `method` says how it was made.

    num_entries: problems in the denominator. avg_tokens: generated, a sample. gen_seconds: time in which samples ran,
    overlaps counted once. no_answer: how often none of the k samples has an answer.
    """

    evaluation_mode: str
    num_entries: int
    avg_tokens: float
    gen_seconds: float
    symbolic_correct: float
    no_answer: float
    ci_low: float
    ci_high: float
    method: str


class Counts(BaseModel):
    """What became of the samples.

    correct + wrong + undecided are the counted samples. failed (by finish reason), stopped and ungraded ones are not
    counted. no_answer and limits (by finish reason) are among the counted or ungraded ones. kernel_deaths,
    code_timeouts and code_errors are events, of which a sample may have several.
    """

    problems: int = 0
    samples: int = 0
    correct: int = 0
    wrong: int = 0
    undecided: int = 0
    ungraded: int = 0
    failed: dict[str, int] = {}
    stopped: int = 0
    no_answer: int = 0
    limits: dict[str, int] = {}
    kernel_deaths: int = 0
    code_timeouts: int = 0
    code_errors: int = 0


class Saved(BaseModel):
    """What early stopping left undone: samples that never began or were stopped, and about how many tokens that is.

    The tokens are an estimate: what the problem's finished samples took on average, less what stopped ones had used.
    """

    problems: int = 0
    samples: int = 0
    tokens: int = 0


class Usage(BaseModel):
    """Work of all samples, failed and stopped ones as well: tokens, code rounds, seconds (sums over samples)."""

    prompt_tokens: int = 0
    cached_tokens: int | None = None
    generated_tokens: int = 0
    code_rounds: int = 0
    model_seconds: float = 0.0
    kernel_seconds: float = 0.0
    seconds: float = 0.0
    cost: float | None = None


class Human(BaseModel):
    """What people gave: marks of the marks that were to be had, over so many samples; no percent without a maximum."""

    samples: int
    marks: float
    max_marks: float
    percent: float | None


class SampleRun(BaseModel):
    """All problems' samples of one number, as if they were a run of their own; percent."""

    sample: int
    counted: int
    correct: int
    symbolic_correct: float


class Group(BaseModel):
    """The numbers of some problems: all, those of a level, or those of a type."""

    name: str
    metrics: list[Metric]
    counts: Counts

    def metric(self, mode: str) -> Metric:
        """The line of an evaluation mode. Raises KeyError."""
        for metric in self.metrics:
            if metric.evaluation_mode == mode:
                return metric
        raise KeyError(mode)


class Summary(BaseModel):
    """Everything that a run's numbers are.

    k: samples asked for of each problem. runs: the accuracy of each sample number by itself; std_dev_across_runs is
    their standard deviation in percent points (None for one sample, or where early stopping left some out). notes: what
    to know before comparing these numbers with others, a line each. calibration: of a verification's probabilities.
    """

    schema_version: Literal[1] = 1
    data: str = ""
    model: str = ""
    k: int
    overall: Group
    by_level: list[Group]
    by_type: list[Group]
    runs: list[SampleRun]
    std_dev_across_runs: float | None
    usage: Usage
    saved: Saved
    marks: Human | None
    notes: list[str]
    calibration: Calibration | None = None
