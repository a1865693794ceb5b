"""How far one solve may go, and the names of the ways in which it can end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FinishReason = Literal[
    "answer",  # the model ended its reply, and a boxed answer was found
    "no_answer",  # the model ended its reply without one
    "execution_limit",  # it wrote code again after the last allowed execution
    "token_limit",  # all tokens of this solve are used up
    "context_limit",  # prompt and reply fill the model's context
    "time_limit",  # wall time is over
    "repeated_error",  # the same code failed with the same error again and again
    "model_error",  # the model's server failed for good
    "kernel_error",  # no kernel could be had; an error of the code itself is not this
    "cancelled",  # a person stopped it
]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one solve. What ends it is the finish reason of the same name.

    executions: code blocks that are run (default 8, as NeMo-Skills allows); 0 runs none.
    tokens: tokens that the model may generate in all (default 8192).
    context: tokens of prompt, reply and outputs together; None takes what the server says of the model.
    seconds: wall time (default 600).
    repeated_errors: how often in all the same code may fail with the same error (default 3).
    cell_seconds: wall time of one execution (default 30); no longer than what is left of `seconds`.
    output_chars: characters of one output that the model is shown (default 4000), cut in the middle.
    """

    executions: int = 8
    tokens: int = 8192
    context: int | None = None
    seconds: float = 600.0
    repeated_errors: int = 3
    cell_seconds: float = 30.0
    output_chars: int = 4000
