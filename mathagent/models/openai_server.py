"""The client of any OpenAI-compatible server (vLLM, SGLang, llama.cpp, hosted): streaming, retries, clear errors.

Not here: starting a server, and what is in a prompt.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mathagent.errors import ModelError, StreamCut, UnknownModel, UsageError
from mathagent.models.choices import score_options
from mathagent.models.failures import Failure, explain
from mathagent.models.patience import Patience
from mathagent.models.reply import Reply
from mathagent.models.rewards import read_rewards
from mathagent.models.wire import Call, Delta, Dialect, build_call, continued, dialect_of, read_delta
from mathagent.types import (
    Chunk,
    Message,
    ModelInfo,
    ModelInput,
    Reward,
    Rewards,
    Sampling,
    Scores,
    TextInput,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_WHOLE = 86_400.0  # seconds: a whole reply is silent until it is there; the caller's own limit ends the wait
_LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}


class OpenAIServer:
    """A `ModelClient` over HTTP. Use it inside one event loop and close it with `aclose()`.

    Args:
        base_url: the server's address, with or without `/v1`; OPENAI_BASE_URL when None.
        api_key: OPENAI_API_KEY when None, and "EMPTY" where that is unset (a local server asks for none).
        model: the model's name; when None, the endpoint's only model.
        connect_wait: seconds it keeps trying an address that refuses connections, or a server that is loading.
        silence: seconds without a byte after which a stream counts as cut; a queued request is silent too.
        retries: tries after the first for 429, 5xx and cut streams.
        backoff: seconds before the first retry; doubles with each.
        owner: what the server is ("vllm", "sglang", "llamacpp"), where a proxy hides it; asked when None.
        whole: take replies in one piece where the server is one of one's own (vLLM, SGLang, llama.cpp), for batches:
            a streamed token costs a few tenths of a millisecond of this process, which hundreds of requests feel.
            Hosted servers are streamed from all the same, because what stands between cuts silent connections.
        logprobs: ask for the log-probabilities of the tokens drawn; a server may give none all the same.
        on_retry: called with one line for each wait.

    Raises:
        UsageError: there is no address, or it is none.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        model: str | None = None,
        *,
        connect_wait: float = 30.0,
        silence: float = 600.0,
        retries: int = 5,
        backoff: float = 0.5,
        owner: str | None = None,
        whole: bool = False,
        logprobs: bool = False,
        on_retry: Callable[[str], None] | None = None,
    ) -> None:
        self.base_url = normalize_url(base_url or os.environ.get("OPENAI_BASE_URL") or "")
        self._api_key = api_key or os.environ.get("OPENAI_API_KEY") or "EMPTY"
        self._model = model
        self._connect_wait = connect_wait
        self._silence = silence
        self._retries = retries
        self._backoff = backoff
        self._owner = owner
        self._whole = whole
        self._logprobs = logprobs
        self._on_retry = on_retry
        self._info: ModelInfo | None = None
        self._asking = asyncio.Lock()
        self._ids: dict[str, tuple[int, ...]] = {}  # of the short texts around choices
        self._sdk: AsyncOpenAI | None = None

    async def describe(self) -> ModelInfo:
        """What the models list says of the model; asked once. Raises ModelError, UnknownModel with the known names."""
        async with self._asking:
            if self._info is None:
                self._info = self._choose(await self._list_models())
        return self._info

    async def stream(
        self, request: ModelInput, sampling: Sampling, *, stop: Sequence[str], max_tokens: int
    ) -> AsyncGenerator[Chunk, None]:
        """Stream one reply; the last chunk carries `finish` and `usage`. See `ModelClient.stream`.

        A cut stream goes on from the text received, where the server can do that; cut inside of a tool call, the
        request is sent anew. Tool calls come whole, with the last chunk. Raises StreamCut, ContextOverflow,
        UnknownModel, ModelRefused, ModelBusy, ModelUnreachable, or ModelError with the server's words.
        """
        import openai

        info = await self.describe()
        patience, reply, goes_on = self._patience(), Reply(stop), request
        dialect = dialect_of(info.owner)
        ask = partial(
            build_call,
            model=info.id,
            dialect=dialect,
            stop=stop,
            whole=self._whole and dialect.can_continue,
            logprobs=self._logprobs,
        )
        while True:
            call = ask(goes_on, sampling, max_tokens=max_tokens - reply.completion_tokens)
            try:
                async with aclosing(self._open(call)) as deltas:
                    async for delta in deltas:
                        patience.answered()
                        if (chunk := reply.take(delta)) is not None:
                            yield chunk
                        if reply.ended_here:
                            break
                failure = Failure(StreamCut(f"{self.base_url} ended the stream without a finish"), "cut")
            except openai.APIError as problem:
                failure = explain(problem, self.base_url, info.id)
            except json.JSONDecodeError:
                failure = Failure(StreamCut(f"{self.base_url} sent a garbled stream"), "cut")
            if reply.finish is None and reply.completion_tokens >= max_tokens:
                reply.finish = "length"
            if reply.finish is not None:
                yield reply.last()
                return
            if isinstance(failure.error, UnknownModel):
                raise await self._unknown(info.id) from failure.error
            if reply.calling:
                goes_on = request
            elif reply.started:
                goes_on = await self._rest_of(request, reply, dialect, failure)
            await patience.wait_after(failure)
            if reply.calling:
                reply.restart()
            else:
                reply.resume()

    async def choose(self, request: ModelInput, options: Sequence[str]) -> Scores:
        """How likely each option is to come next. See `ModelClient.choose`, `models.choices`."""
        info = await self.describe()
        return await score_options(
            request,
            options,
            model=info.id,
            dialect=dialect_of(info.owner),
            ask=partial(self._ask, "post"),
            tokenize=self._known_ids,
        )

    async def reward(self, messages: Sequence[Message], reward: Reward, places: int) -> Rewards:
        """What a reward model says of a conversation. See `ModelClient.reward`, `models.rewards`."""
        model, root = (await self.describe()).id, self.base_url.removesuffix("/v1")
        return await read_rewards(
            messages, reward, places, model=model, root=root, ask=partial(self._ask, "post")
        )

    async def versions(self) -> dict[str, str]:
        """The server's own version, by its name, where it tells (vLLM's /version, beside /v1); else nothing."""
        if (await self.describe()).owner != "vllm":
            return {}
        try:
            answer = await self._ask("get", self.base_url.removesuffix("/v1") + "/version")
        except ModelError:
            return {}
        version = answer.get("version") if isinstance(answer, dict) else None
        return {"vllm": version} if isinstance(version, str) else {}

    async def aclose(self) -> None:
        """Close the connections."""
        if self._sdk is not None:
            await self._sdk.close()
            self._sdk = None

    async def _open(self, call: Call) -> AsyncGenerator[Delta, None]:
        """Send a call and read what comes. Closing the generator closes the connection, which aborts the request."""
        from openai import AsyncStream

        if "stream" not in call.body:
            yield read_delta(
                await self._client().post(
                    call.path, body=call.body, cast_to=object, options={"timeout": _WHOLE}
                )
            )
            return
        stream = await self._client().post(
            call.path, body=call.body, cast_to=object, stream=True, stream_cls=AsyncStream[object]
        )
        async with stream:
            async for data in stream:
                yield read_delta(data)

    async def _rest_of(
        self, request: ModelInput, reply: Reply, dialect: Dialect, failure: Failure
    ) -> ModelInput:
        """The request that gets the rest of a reply whose stream was cut. Raises the failure's error if none can."""
        if failure.kind == "final":
            raise failure.error
        said = f"after {len(reply.text)} characters"
        if reply.reasoned:
            raise StreamCut(
                f"{failure.error.message}, {said}", "a reply with a thinking part cannot be continued"
            )
        if not isinstance(request, TextInput):
            if not dialect.can_continue:
                hint = "this server cannot go on in an unfinished message"
                raise StreamCut(f"{failure.error.message}, {said}", hint) from failure.error
            return continued(request, reply.text)
        if isinstance(request.prompt, str):
            return continued(request, reply.text)
        if not dialect.tokenizes:
            raise StreamCut(
                f"{failure.error.message}, {said}", "token ids cannot be continued on this server"
            )
        return replace(request, prompt=(*request.prompt, *await self._tokenize(reply.text)))

    async def _tokenize(self, text: str) -> list[int]:
        """Token ids of a piece of text, by vLLM's /tokenize, which lies beside /v1."""
        address = self.base_url.removesuffix("/v1") + "/tokenize"
        body = {"model": (await self.describe()).id, "prompt": text, "add_special_tokens": False}
        return list((await self._ask("post", address, body))["tokens"])

    async def _known_ids(self, text: str) -> tuple[int, ...]:
        if text not in self._ids:
            self._ids[text] = tuple(await self._tokenize(text))
        return self._ids[text]

    async def _list_models(self) -> list[dict[str, Any]] | None:
        """The models list; None where the server has no such address."""
        try:
            answer = await self._ask("get", "/models")
        except ModelError as error:
            if type(error) is ModelError and "(404)" in error.message:
                return None
            raise
        listed = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(listed, list):
            hint = "is this the base URL of an OpenAI-compatible server?"
            raise ModelError(f"{self.base_url}/models does not list models", hint)
        return [entry for entry in listed if isinstance(entry, dict) and "id" in entry]

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One small request for JSON, with retries."""
        import openai

        patience, client = self._patience(), self._client()
        while True:
            try:
                if method == "get":
                    return await client.get(path, cast_to=object)
                return await client.post(path, body=body, cast_to=object)
            except openai.APIError as problem:
                await patience.wait_after(explain(problem, self.base_url, self._model or ""))

    def _choose(self, listed: list[dict[str, Any]] | None) -> ModelInfo:
        """Find the model in the list. Raises UnknownModel."""
        if listed is None:
            if self._model is None:
                raise UnknownModel(f"{self.base_url} does not list its models", "name one with --model")
            return self._info_of({"id": self._model})
        names = [str(entry["id"]) for entry in listed]
        if self._model is None:
            # One model may be served under several names: vLLM then gives them all the same root.
            if listed and len({(entry.get("root") or entry["id"]) for entry in listed}) == 1:
                return self._info_of(listed[0])
            if not listed:
                raise UnknownModel(f"{self.base_url} serves no model")
            raise UnknownModel(
                f"{self.base_url} serves several models", f"choose by --model: {_enumerate(names)}"
            )
        for entry in listed:
            if entry["id"] == self._model:
                return self._info_of(entry)
        if listed and all(dialect_of(str(entry.get("owned_by"))).can_continue for entry in listed):
            raise self._unknown_among(self._model, names)
        return self._info_of({"id": self._model})  # a gateway's list need not be complete: its 404 will tell

    def _info_of(self, entry: dict[str, Any]) -> ModelInfo:
        owner = self._owner or str(entry.get("owned_by") or "")
        meta = entry.get("meta")
        length = entry.get("max_model_len") or (meta.get("n_ctx") if isinstance(meta, dict) else None)
        can_continue, root = dialect_of(owner).can_continue, str(entry.get("root") or "")
        length = length if isinstance(length, int) else None
        return ModelInfo(str(entry["id"]), length, owner, can_continue, root)

    async def _unknown(self, model: str) -> UnknownModel:
        return self._unknown_among(model, [str(entry["id"]) for entry in await self._list_models() or []])

    def _unknown_among(self, model: str, names: list[str]) -> UnknownModel:
        hint = f"it serves {_enumerate(names)}" if names else ""
        return UnknownModel(f"{self.base_url} has no model {model!r}", hint)

    def _patience(self) -> Patience:
        return Patience(self._connect_wait, self._retries, self._backoff, self._on_retry)

    def _client(self) -> AsyncOpenAI:
        """The SDK's client, made at first use: importing it takes a second that `--help` should not pay."""
        if self._sdk is None:
            from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

            # A proxy from the environment has no business between us and a server on this machine, and without TLS
            # nobody has to be trusted: to load the certificates of all authorities takes a tenth of a second.
            parts = urlsplit(self.base_url)
            proxied = parts.hostname not in _LOOPBACK
            trusted: bool | ssl.SSLContext = True
            if parts.scheme == "http" and not proxied:
                trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._sdk = AsyncOpenAI(
                base_url=self.base_url,
                api_key=self._api_key,
                max_retries=0,
                timeout=Timeout(self._silence, connect=10.0),
                http_client=DefaultAsyncHttpxClient(trust_env=proxied, verify=trusted),
            )
        return self._sdk


def normalize_url(url: str) -> str:
    """Complete a base URL: `localhost:8000` becomes `http://localhost:8000/v1`. Raises UsageError."""
    if not url.strip():
        raise UsageError("no model server given", "pass --base-url or set OPENAI_BASE_URL")
    url = url.strip() if "://" in url else f"http://{url.strip()}"
    url = url.rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{url!r} is no address of a server", "for example http://localhost:8000/v1")
    return url if parts.path else f"{url}/v1"


def _enumerate(names: list[str]) -> str:
    shown = ", ".join(names[:12])
    return shown if len(names) <= 12 else f"{shown}, and {len(names) - 12} more"
