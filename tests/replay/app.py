"""The HTTP side of the replay server: the OpenAI addresses and vLLM's own, with faults on demand."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.replay.choices import check_choice, is_choice, logprobs_of
from tests.replay.deltas import deltas, segments
from tests.replay.generation import Step, generate
from tests.replay.pooling import answer_pooling
from tests.replay.requests import ApiError, Job, read_request
from tests.replay.state import Fault, Seen, State
from tests.replay.tokens import logprob, tokenize

Json = dict[str, Any]


class CutConnection(Exception):
    """Raised in the middle of a response to make the server drop the connection."""


def build_app(state: State) -> Starlette:
    """The ASGI app over a state."""
    server = _Endpoints(state)
    get, post = ["GET"], ["POST"]
    return Starlette(
        routes=[
            Route("/v1/models", server.models, methods=get),
            Route("/v1/chat/completions", server.chat, methods=post),
            Route("/v1/completions", server.completions, methods=post),
            Route("/tokenize", server.tokenize, methods=post),
            Route("/classify", server.pooling, methods=post),
            Route("/pooling", server.pooling, methods=post),
            Route("/detokenize", server.detokenize, methods=post),
            Route("/health", server.health, methods=get),
            Route("/version", server.version, methods=get),
            Route("/metrics", server.metrics, methods=get),
        ],
        exception_handlers={ApiError: _answer_error},
    )


async def _answer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return JSONResponse(error.body, error.status)


class _Endpoints:
    def __init__(self, state: State) -> None:
        self.state = state

    async def models(self, request: Request) -> Response:
        if (trouble := self._refuse(request)) is not None:
            return trouble
        settings = self.state.settings
        common = {"object": "model", "created": 0, "owned_by": settings.owner, "parent": None}
        listed = [{"id": name, "root": settings.root or name, **common} for name in settings.models]
        if settings.owner in ("vllm", "sglang"):
            listed = [{**entry, "max_model_len": settings.max_model_len} for entry in listed]
        return JSONResponse({"object": "list", "data": listed})

    async def chat(self, request: Request) -> Response:
        return await self._generate(request, chat=True)

    async def completions(self, request: Request) -> Response:
        return await self._generate(request, chat=False)

    async def pooling(self, request: Request) -> Response:
        return await answer_pooling(self.state, request)

    async def tokenize(self, request: Request) -> Response:
        body = await request.json()
        prompt = body.get("prompt") or "".join(message["content"] for message in body["messages"])
        tokens = self.state.vocabulary.encode(prompt)
        longest = self.state.settings.max_model_len
        return JSONResponse(
            {"count": len(tokens), "max_model_len": longest, "tokens": tokens, "token_strs": None}
        )

    async def detokenize(self, request: Request) -> Response:
        return JSONResponse({"prompt": self.state.vocabulary.decode((await request.json())["tokens"])})

    async def health(self, request: Request) -> Response:
        return Response()

    async def version(self, request: Request) -> Response:
        return JSONResponse({"version": "replay"})

    async def metrics(self, request: Request) -> Response:
        state, cache = self.state, self.state.cache
        values = {
            "vllm:num_requests_running": state.running,
            "vllm:num_requests_waiting": 0,
            "vllm:prompt_tokens_total": sum(seen.prompt_tokens for seen in state.seen),
            "vllm:generation_tokens_total": sum(seen.completion_tokens for seen in state.seen),
            "vllm:prefix_cache_queries_total": cache.queries,
            "vllm:prefix_cache_hits_total": cache.hits,
        }
        label = f'{{engine="0",model_name="{state.settings.models[0]}"}}'
        return PlainTextResponse("".join(f"{name}{label} {value}\n" for name, value in values.items()))

    def _refuse(self, request: Request) -> Response | None:
        """The answer to a request that fails before it is read: a wrong key, or a fault of that kind."""
        key = self.state.settings.key
        if key is not None and request.headers.get("authorization") != f"Bearer {key}":
            return JSONResponse({"error": "Unauthorized"}, 401)
        if not self.state.faults or self.state.faults[0].kind != "status":
            return None
        fault = self.state.next_fault(request.url.path)
        if fault is None:
            return None
        headers = {} if fault.retry_after is None else {"retry-after": fault.retry_after}
        if fault.body is not None:
            return Response(fault.body, fault.status, headers)
        error = {"message": "told to fail", "type": "Fault", "param": None, "code": fault.status}
        return JSONResponse({"error": error}, fault.status, headers)

    async def _generate(self, request: Request, *, chat: bool) -> Response:
        state = self.state
        body = await request.json()
        seen = Seen(request.url.path, body)
        state.seen.append(seen)
        if (trouble := self._refuse(request)) is not None:
            return trouble
        if is_choice(body):
            return self._choose(body, seen, chat=chat)
        job = read_request(state, body, chat=chat)
        seen.script, seen.exact = job.scripts[0]
        seen.prompt_tokens = len(job.prompt_tokens)
        seen.cached_tokens = state.cache.lookup(job.prompt_tokens)
        playing = _Playing(state, job, seen, state.next_fault(request.url.path))
        if job.stream:
            return StreamingResponse(playing.events(), media_type="text/event-stream")
        return JSONResponse(await playing.whole())

    def _choose(self, body: Json, seen: Seen, *, chat: bool) -> Response:
        """The answer to a request for the probabilities of one token."""
        state = self.state
        check_choice(body, chat=chat)
        job = read_request(state, body, chat=chat, play=False)
        seen.prompt_tokens, seen.completion_tokens = len(job.prompt_tokens), 1
        seen.cached_tokens = state.cache.lookup(job.prompt_tokens)
        state.cache.store(job.prompt_tokens)
        drawn, logprobs = logprobs_of(state, job, body, chat=chat)
        said: Json = {"message": {"role": "assistant", "content": drawn}} if chat else {"text": drawn}
        choice = {"index": 0, **said, "logprobs": logprobs, "finish_reason": "length", "stop_reason": None}
        usage = _Playing(state, job, seen, None).usage()
        return JSONResponse({"id": "choice", "model": job.model, "choices": [choice], "usage": usage})


class _Playing:
    """One request being answered."""

    def __init__(self, state: State, job: Job, seen: Seen, fault: Fault | None) -> None:
        self.state, self.job, self.seen, self.fault = state, job, seen, fault
        self.id = f"{'chatcmpl' if job.chat else 'cmpl'}-{len(state.seen)}"
        reasoning = state.settings.reasoning_parser
        self.segments = [segments(text, reasoning=reasoning, tools=job.tools) for text, _ in job.scripts]

    async def steps(self, choice: int = 0) -> AsyncIterator[Step]:
        """Generate in time, with the fault in its place, keeping the counters."""
        job, seen, fault = self.job, self.seen, self.fault
        script, seconds = job.scripts[choice][0], self.state.settings.token_seconds
        before, begun = seen.completion_tokens, time.monotonic()
        self.state.running += 1
        said = ""
        try:
            for step in generate(
                script, stop=job.stop, include_stop=job.include_stop, max_tokens=job.max_tokens
            ):
                if fault is not None and step.tokens > fault.after:
                    await self._fail(fault)
                    return
                if seconds:
                    await asyncio.sleep(max(0.0, begun + step.tokens * seconds - time.monotonic()))
                said += step.text
                seen.completion_tokens = before + step.tokens
                seen.finish, seen.stop_reason = step.finish, step.stop_reason
                yield step
        except (asyncio.CancelledError, GeneratorExit):
            seen.aborted = seen.finish is None
            raise
        finally:
            self.state.running -= 1
            self.state.cache.store([*job.prompt_tokens, *tokenize(said)])

    async def _fail(self, fault: Fault) -> None:
        if fault.kind == "hang":
            await asyncio.Event().wait()
        if fault.kind == "cut":
            raise CutConnection

    async def events(self) -> AsyncIterator[str]:
        """The server-sent events of a streamed reply."""
        if self.job.chat:
            yield self._event(self._delta(0, {"role": "assistant", "content": ""}))
        if self.state.settings.reasoning and self.job.chat:
            yield self._event(self._delta(0, {"reasoning": self.state.settings.reasoning}))
        for choice in range(len(self.job.scripts)):
            said, at, every = "", 0, self.state.settings.tokens_per_chunk
            tokens: list[str] = []
            async for step in self.steps(choice):
                said += step.text
                tokens.append(step.token)
                if step.finish is not None or step.tokens % every == 0:
                    pieces = self._pieces(choice, said, at, step)
                    pieces[-1]["choices"][0]["logprobs"] = self._logprobs(tokens)
                    for piece in pieces:
                        yield self._event(piece)
                    at, tokens = len(said), []
        if self.fault is not None and self.fault.kind == "end":
            return
        if self.fault is not None and self.fault.kind == "error":
            error = {"message": "the engine died", "type": "InternalServerError", "param": None, "code": 500}
            yield f"data: {json.dumps({'error': error})}\n\n"
        elif self.job.include_usage:
            yield self._event({"choices": [], "usage": self.usage()})
        yield "data: [DONE]\n\n"

    def _pieces(self, choice: int, said: str, at: int, step: Step) -> list[Json]:
        """The chunks for what was said from an offset on."""
        end = {"finish_reason": step.finish, "stop_reason": step.stop_reason}
        if not self.job.chat:
            pieces: list[Json] = [
                {"choices": [{"index": choice, "text": said[at:], "logprobs": None, **end}]}
            ]
        else:
            pieces = [self._delta(choice, delta) for delta in self._deltas(choice, said, at)]
            if step.finish == "stop" and any(each.kind == "arguments" for each in self.segments[choice]):
                end["finish_reason"] = "tool_calls"
            pieces = pieces or [self._delta(choice, {})]
            pieces[-1]["choices"][0] |= end
        if self.job.usage_per_chunk:
            pieces[-1]["usage"] = self.usage()
        return pieces

    def _logprobs(self, tokens: list[str]) -> Json | None:
        if not self.job.logprobs:
            return None
        if self.job.chat:
            common = {"bytes": None, "top_logprobs": []}
            return {"content": [{"token": each, "logprob": logprob(each), **common} for each in tokens]}
        offsets = [len("".join(tokens[:place])) for place in range(len(tokens))]
        values = [logprob(each) for each in tokens]
        return {"tokens": tokens, "token_logprobs": values, "top_logprobs": None, "text_offset": offsets}

    def _deltas(self, choice: int, said: str, at: int) -> list[Json]:
        cut = self.segments[choice]
        return list(deltas(said, cut, at, len(said), id_=self.id, only_first=self.job.one_call))

    def _delta(self, choice: int, delta: Json, end: Json | None = None) -> Json:
        return {
            "choices": [
                {"index": choice, "delta": delta, "logprobs": None, "finish_reason": None, **(end or {})}
            ]
        }

    def _event(self, content: Json) -> str:
        kind = "chat.completion.chunk" if self.job.chat else "text_completion"
        head = {"id": self.id, "object": kind, "created": int(time.time()), "model": self.job.model}
        return f"data: {json.dumps(head | content)}\n\n"

    def usage(self) -> Json:
        prompt, said = self.seen.prompt_tokens, self.seen.completion_tokens
        details = {"cached_tokens": self.seen.cached_tokens}
        counts = {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}
        return {**counts, "prompt_tokens_details": details}

    async def whole(self) -> Json:
        """The body of a reply that is not streamed."""
        choices: list[Json] = []
        for index in range(len(self.job.scripts)):
            text, last, tokens = "", Step("", 0), []
            async for step in self.steps(index):
                text, last = text + step.text, step
                tokens.append(step.token)
            end = {"finish_reason": last.finish, "stop_reason": last.stop_reason}
            end["logprobs"] = self._logprobs(tokens)
            said: Json = (
                {"message": {"role": "assistant", "content": text}} if self.job.chat else {"text": text}
            )
            choices.append({"index": index, **said, **end})
        kind = "chat.completion" if self.job.chat else "text_completion"
        head = {"id": self.id, "object": kind, "created": int(time.time()), "model": self.job.model}
        return {**head, "choices": choices, "usage": self.usage()}
