"""What can go wrong between a person and an answer, as one tree of exceptions.

    MathAgentError
    ├── UsageError              what the user asked for can't be done as asked
    ├── ModelError              the model's server did not give what was needed
    │   ├── ModelUnreachable    nobody answers at that address
    │   ├── ModelRefused        401/403: the key is missing or wrong
    │   ├── UnknownModel        404, or no model to choose by default
    │   ├── ContextOverflow     the prompt does not fit into the model's context
    │   ├── ModelBusy           429/5xx that outlasted every retry
    │   └── StreamCut           the answer broke off and could not be continued
    ├── ServerError             a vLLM server of ours could not be installed, started or stopped
    ├── GradingError            the grader itself failed (never a verdict on an answer)
    ├── DataError               a data set, or a sheet of marks, can't be had or read
    ├── RunError                the folder of a run can't be used, or the run can't go on
    └── TraceError              a trace file can't be read or written

Not here: errors of the code that a model wrote. Those are data, go back to the model, and never raise.
"""

from __future__ import annotations


class MathAgentError(Exception):
    """An error for a person to read: one line that says what happened, one that says how to mend it.

    Args:
        message: what happened, in one line.
        hint: what to try, in one line; empty when there is nothing to try.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(MathAgentError):
    """The request itself is wrong: an unknown name, an unreadable file, options that exclude each other."""


class ModelError(MathAgentError):
    """The model's server did not give what was needed."""


class ModelUnreachable(ModelError):
    """Nobody answers at the address, after every retry."""


class ModelRefused(ModelError):
    """The server refuses the key (401, 403)."""


class UnknownModel(ModelError):
    """The server does not have this model, or has several and none was chosen."""


class ContextOverflow(ModelError):
    """The prompt does not fit into the model's context length."""


class ModelBusy(ModelError):
    """The server kept answering 429 or 5xx."""


class StreamCut(ModelError):
    """The answer broke off in the middle, and again on every retry."""


class ServerError(MathAgentError):
    """A vLLM server of ours could not be installed, started or stopped."""


class GradingError(MathAgentError):
    """The grader failed or ran out of time: nothing is known about the answer."""


class DataError(MathAgentError):
    """A data set, or a sheet of marks, can't be had or read: as a whole, where rows fail one by one without it."""


class RunError(MathAgentError):
    """The folder of a run can't be read or written, or the run can't go on; what was finished is kept."""


class TraceError(MathAgentError):
    """A trace file can't be read or written."""
