"""What a failed request means: an error for a person, and whether trying again can help.

Reads the exceptions of the OpenAI SDK. Not here: the retrying itself.
"""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from mathagent.errors import (
    ContextOverflow,
    ModelBusy,
    ModelError,
    ModelRefused,
    ModelUnreachable,
    StreamCut,
    UnknownModel,
)

if TYPE_CHECKING:
    import openai

_LONGEST_MESSAGE = 300  # characters of the server's own words

_OVERFLOW = re.compile(
    r"maximum context length|context_length_exceeded|exceed_context_size|max_model_len"
    r"|longer than the (maximum )?model('s)? (context )?length|exceeds? the (available )?context (size|length)"
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed try.

    error: what to raise when no further try is made.
    kind: "starting" (nobody listens yet, or the server says it is loading), "busy" (429, 5xx), "cut" (the
        connection broke after it was made), or "final" (trying again cannot help).
    wait: seconds the server asks to wait (Retry-After); None where it does not say.
    """

    error: ModelError
    kind: str
    wait: float | None = None


def explain(problem: openai.APIError, base_url: str, model: str) -> Failure:
    """Classify an exception that the SDK raised for a request to `model` at `base_url`."""
    import openai

    if isinstance(problem, openai.APIStatusError):
        return _explain_status(problem, base_url, model)
    if isinstance(problem, openai.APITimeoutError):
        return Failure(StreamCut(f"{base_url} fell silent", "is the server overloaded or stuck?"), "cut")
    if isinstance(problem, openai.APIConnectionError):
        return _explain_connection(problem, base_url)
    # An error object in the middle of a stream: the server failed on this request.
    return Failure(StreamCut(f"{base_url} broke off: {_shorten(problem.message)}"), "cut")


def _explain_connection(problem: BaseException, base_url: str) -> Failure:
    causes = _causes(problem)
    hint = "is the server running? check the address (--base-url, OPENAI_BASE_URL)"
    if any(isinstance(cause, socket.gaierror) for cause in causes) or "getaddrinfo" in repr(causes):
        return Failure(ModelUnreachable(f"the host of {base_url} is unknown", hint), "final")
    if any(isinstance(cause, ssl.SSLError) for cause in causes) or "SSL" in repr(causes):
        hint = "http instead of https, or an untrusted certificate?"
        return Failure(ModelUnreachable(f"no secure connection to {base_url}", hint), "final")
    if any(type(cause).__name__.startswith("Connect") for cause in causes):
        return Failure(ModelUnreachable(f"nobody answers at {base_url}", hint), "starting")
    return Failure(StreamCut(f"the connection to {base_url} broke off"), "cut")


def _causes(problem: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while problem is not None and problem not in causes:
        causes.append(problem)
        problem = problem.__cause__ or problem.__context__
    return causes


def _explain_status(problem: openai.APIStatusError, base_url: str, model: str) -> Failure:
    status, said = problem.status_code, _words_of(problem)
    if status in (401, 403):
        key = "check the key (--api-key, OPENAI_API_KEY)"
        return Failure(ModelRefused(f"{base_url} refuses the key ({status}): {said}", key), "final")
    if status == 404:
        if "model" in said.lower():
            return Failure(UnknownModel(f"{base_url} has no model {model!r}"), "final")
        return Failure(
            ModelError(f"{problem.request.url} does not exist (404)", "is the base URL right?"), "final"
        )
    if hint := _refuses_tools(said):
        return Failure(ModelError(f"{base_url} takes no tool calls: {said}", hint), "final")
    if status < 429 and "logprobs" in said:
        hint = "leave out --logprobs and --vote-weight; verify can't do without"
        return Failure(ModelError(f"{base_url} gives no log-probabilities: {said}", hint), "final")
    if status == 429 or (status >= 500 and status != 501) or status in (408, 409):
        kind = "starting" if status == 503 else "busy"
        error = ModelBusy(f"{base_url} keeps answering {status}: {said}")
        return Failure(error, kind, _retry_after(problem.response.headers.get("retry-after")))
    if _OVERFLOW.search(said) or _OVERFLOW.search(str(problem.body)):
        return Failure(ContextOverflow(said, "shorten the prompt or serve with a longer context"), "final")
    return Failure(ModelError(f"{base_url} refuses the request ({status}): {said}"), "final")


def _refuses_tools(said: str) -> str:
    """What to do about a server that was started without tool calls; "" where it said something else."""
    if "enable-auto-tool-choice" in said:
        start = "serve with --enable-auto-tool-choice --tool-call-parser NAME (hermes for Qwen3)"
    elif "requires --jinja" in said:
        start = "start llama-server with --jinja"
    elif re.search(r"does not support tools|Unsupported param: tools", said):
        start = "choose a model that has tools"
    else:
        return ""
    return f"{start}, or use --protocol markdown"


def _words_of(problem: openai.APIStatusError) -> str:
    """What the server said: OpenAI's `message`, FastAPI's `detail`, or the text of the answer."""
    body: object = problem.body
    for key in ("error", "message", "detail"):
        if isinstance(body, dict) and key in body:
            body = body[key]
    return _shorten(str(body) if body else problem.message)


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or an HTTP date."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
