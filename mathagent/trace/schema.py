"""The record of one solve: one JSON object a line in a trace file. Documented for readers in `trace/README.md`.

Times are UTC in ISO 8601, `at` is seconds since the start of the solve, durations are seconds, sizes are tokens
where the name says so. Joined in order, the `raw` texts of the steps are exactly the assistant message that the
model was sent and wrote. Unknown fields are kept out by version: a reader refuses a schema newer than its own.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA: Literal[1] = 1


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PrefillStep(_Record):
    """Text that the prompt put at the start of the reply."""

    type: Literal["prefill"] = "prefill"
    at: float
    raw: str


class TextStep(_Record):
    """A piece of the model's prose; `reasoning` is thinking that the server reported apart, before it.

    `kind`: text for the reader, thinking that stands in the text, or markup of the protocol (role tokens).
    """

    type: Literal["text"] = "text"
    at: float
    raw: str
    reasoning: str = ""
    kind: Literal["text", "thinking", "markup"] = "text"


class ChoiceStep(_Record):
    """A choice among a few texts: `lead` and the likeliest of the `options` are its `raw`.

    `logprobs`: the natural logarithm of each option's probability, over all that the model might have said; `exact`:
    false where the server did not list the option and the number is the highest that it can be.
    """

    type: Literal["choice"] = "choice"
    at: float
    raw: str
    lead: str
    options: list[str]
    logprobs: list[float]
    exact: list[bool]


class CodeStep(_Record):
    """A code block: `raw` with its delimiters, `code` as it was run, `discarded` what was cut off after it.

    `closed`: whether the closing delimiter is in `raw`.
    """

    type: Literal["code"] = "code"
    at: float
    index: int
    raw: str
    code: str
    discarded: str = ""
    closed: bool = True


class OutputStep(_Record):
    """The execution of the code step with the same index.

    `shown` is what the model was given (inside of `raw`); `result` is the whole result, as
    `kernels_sandbox.CellResult.to_dict` writes it.
    """

    type: Literal["output"] = "output"
    at: float
    index: int
    raw: str
    shown: str
    result: dict[str, Any]


class RequestStep(_Record):
    """One request to the model, in front of what it wrote: tokens (`cached_tokens`: from the prefix cache), seconds.

    logprob_sum: of the natural log-probabilities of `logprob_tokens` tokens that the model generated; None and 0 where
    they were not asked for or not given.
    """

    type: Literal["request"] = "request"
    at: float
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int | None
    exact: bool
    seconds: float
    first_token_seconds: float | None
    finish: str | None
    stop_reason: str | int | None
    logprob_sum: float | None = None
    logprob_tokens: int = 0
    raw: Literal[""] = ""


class FailureStep(_Record):
    """Something failed that is not the model's doing."""

    type: Literal["failure"] = "failure"
    at: float
    kind: Literal["model", "kernel"]
    message: str
    hint: str = ""
    raw: Literal[""] = ""


Step = Annotated[
    PrefillStep | TextStep | ChoiceStep | CodeStep | OutputStep | RequestStep | FailureStep,
    Field(discriminator="type"),
]


class ProblemRecord(_Record):
    """The problem: its text, and where it comes from (`source` "" for one that was typed in).

    level, kind: as its data set says. kind is a subject, a topic or a type.
    """

    id: str
    text: str
    source: str = ""
    level: str | None = None
    kind: str | None = None


class ModelRecord(_Record):
    """The model and who served it; `demo` for the embedded demonstration model."""

    name: str
    endpoint: str
    owner: str = ""
    context_tokens: int | None = None
    demo: bool = False


class PromptRecord(_Record):
    """The prompt: its name, the SHA-256 of its file, and the messages that came of it."""

    name: str
    sha256: str
    messages: list[dict[str, str]]


class SandboxRecord(_Record):
    """The isolation that the kernels really had: a level, and every layer with whether it holds."""

    level: str
    layers: dict[str, bool]


class UsageRecord(_Record):
    """Totals of the solve. `cached_tokens` is None where the server never says."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int | None = None
    executions: int = 0
    model_seconds: float = 0.0
    kernel_seconds: float = 0.0


class GradeRecord(_Record):
    """A verdict on the answer. "undecided" says that the grader could not tell, never that the answer is wrong."""

    verdict: Literal["correct", "wrong", "undecided"]
    gold: str
    detail: str
    seconds: float


class FinishRecord(_Record):
    """Why the solve ended: a word of `mathagent.limits.FinishReason`, and a line for a person."""

    reason: str
    detail: str


class ImportRecord(_Record):
    """Where a trace was read from that another tool recorded.

    format: as what it was read. file, row: where it stands, rows from 1.
    unknown: what the record does not say, as fields of the trace (`usage.completion_tokens`, `output.seconds` of every
    output): their values mean nothing.
    """

    format: str
    file: str
    row: int
    unknown: list[str]


class Trace(_Record):
    """One solve, whole.

    sample: which of several samples of the problem, from 0. stopped: "vote" where it was ended early because the
    problem's vote was decided without it. imported: where another tool's record was read from; None for our own.
    """

    schema_version: Literal[1] = SCHEMA
    id: str
    sample: int = 0
    stopped: Literal["vote"] | None = None
    started: str
    seconds: float
    problem: ProblemRecord
    model: ModelRecord
    mode: str
    protocol: str
    prompt: PromptRecord
    sampling: dict[str, Any]
    limits: dict[str, Any]
    sandbox: SandboxRecord | None
    steps: list[Step]
    answer: str | None
    finish: FinishRecord
    grade: GradeRecord | None = None
    usage: UsageRecord
    versions: dict[str, str]
    imported: ImportRecord | None = None

    def known(self, field: str) -> bool:
        """Whether the value of a field, as `ImportRecord.unknown` calls it, was recorded."""
        return self.imported is None or field not in self.imported.unknown

    @property
    def mean_logprob(self) -> float | None:
        """The mean log-probability of the tokens that the model generated; None where no request has any."""
        requests = [step for step in self.steps if isinstance(step, RequestStep)]
        tokens = sum(step.logprob_tokens for step in requests)
        return sum(step.logprob_sum or 0.0 for step in requests) / tokens if tokens else None

    @property
    def reply(self) -> str:
        """The whole assistant message."""
        return "".join(step.raw for step in self.steps)
