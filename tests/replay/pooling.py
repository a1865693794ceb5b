"""vLLM's pooling endpoints, as vLLM 0.32 answers them: /classify, and /pooling with the task token_classify.

`State.rewards` gives the raw numbers for the messages of a request: one row for /classify, one for each token (or step)
for /pooling.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.replay.requests import ApiError
from tests.replay.state import Seen, State
from tests.replay.tokens import tokenize

Json = dict[str, Any]


async def answer_pooling(state: State, request: Request) -> Response:
    """The answer to either. Raises ApiError."""
    body = await request.json()
    seen = Seen(request.url.path, body)
    state.seen.append(seen)
    if (fault := state.next_fault(request.url.path)) is not None:
        error = {"message": "told to fail", "type": "Fault", "param": None, "code": fault.status}
        return JSONResponse({"error": error}, fault.status)
    if state.rewards is None:
        raise ApiError(501, "The model does not support Classification API", "NotImplementedError")
    classify = request.url.path == "/classify"
    if not classify and body.get("task") != "token_classify":
        raise ApiError(400, "Try switching the model's pooling_task (parameter=task)", param="task")
    if body.get("use_activation") is not False:
        raise AssertionError("the raw numbers are wanted")
    rows = state.rewards(body["messages"])
    seen.prompt_tokens = sum(len(tokenize(message["content"])) for message in body["messages"])
    if classify:
        (probs,) = rows
        data: Json = {"index": 0, "label": "LABEL_0", "probs": probs, "num_classes": len(probs)}
    else:
        data = {"index": 0, "object": "pooling", "data": rows}
    usage = {
        "prompt_tokens": seen.prompt_tokens,
        "total_tokens": seen.prompt_tokens,
        "completion_tokens": 0,
        "prompt_tokens_details": None,
    }
    name = "classify" if classify else "pooling"
    return JSONResponse(
        {
            "id": f"{name}-1",
            "object": "list",
            "created": 0,
            "model": body["model"],
            "data": [data],
            "usage": usage,
        }
    )
