"""The model client against a real socket, with everything that can go wrong on it."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mathagent.errors import (
    ContextOverflow,
    ModelBusy,
    ModelError,
    ModelRefused,
    ModelUnreachable,
    StreamCut,
    UnknownModel,
    UsageError,
)
from mathagent.models import OpenAIServer
from mathagent.models.openai_server import normalize_url
from mathagent.types import (
    ChatInput,
    Chunk,
    Message,
    ModelClient,
    ModelInput,
    Sampling,
    TextInput,
    TokenUsage,
)
from tests.replay.fixtures import Replay
from tests.replay.server import ReplayServer
from tests.replay.state import Fault
from tests.replay.tokens import tokenize
from tests.replay.tora import split_fenced

TEXT = "We add.\n```python\nprint(2+3)\n```\n```output\n5\n```\nSo the answer is \\boxed{5}, no doubt."
SUM = split_fenced("What is 2+3?", TEXT)
ASK = ChatInput((Message("user", SUM.problem),))
FENCE = "```output\n"
UNTIL_FENCE = TEXT[: TEXT.index(FENCE)] + FENCE
END = 1  # the end of the turn is a token, too


def client(server: ReplayServer, **options: Any) -> OpenAIServer:
    return OpenAIServer(server.base_url, **{"backoff": 0.01, "connect_wait": 5.0, **options})


async def collect(
    model: ModelClient,
    request: ModelInput = ASK,
    sampling: Sampling = Sampling(),  # noqa: B008 - frozen
    *,
    stop: Sequence[str] = (),
    max_tokens: int = 1000,
) -> tuple[str, Chunk]:
    chunks = [chunk async for chunk in model.stream(request, sampling, stop=stop, max_tokens=max_tokens)]
    assert [chunk.finish for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    return "".join(chunk.text for chunk in chunks), chunks[-1]


class TestDescribe:
    async def test_the_only_model_is_the_default(self, replay: Replay) -> None:
        info = await client(replay([SUM], models=("tora",), max_model_len=4096)).describe()
        assert (info.id, info.context_length, info.owner, info.can_continue) == ("tora", 4096, "vllm", True)

    async def test_several_models_want_a_choice(self, replay: Replay) -> None:
        server = replay([SUM], models=("base", "sft"))
        with pytest.raises(UnknownModel, match=r"several models.*--model: base, sft"):
            await client(server).describe()
        assert (await client(server, model="sft").describe()).id == "sft"

    async def test_an_unknown_model_is_told_with_the_known_ones(self, replay: Replay) -> None:
        with pytest.raises(UnknownModel, match=r"no model 'big' \(it serves replay\)"):
            await collect(client(replay([SUM]), model="big"))

    async def test_a_hosted_list_need_not_be_complete(self, replay: Replay) -> None:
        model = client(replay([SUM], owner="openai"), model="big")
        assert not (await model.describe()).can_continue
        with pytest.raises(UnknownModel, match=r"no model 'big' \(it serves replay\)"):
            await collect(model)

    async def test_the_owner_can_be_told(self, replay: Replay) -> None:
        assert (await client(replay([SUM], owner="proxy"), owner="vllm").describe()).can_continue

    async def test_a_server_without_a_list(self, replay: Replay) -> None:
        server = replay([SUM])
        gone = Fault("status", 404, on="/models", body="<h1>nothing here</h1>")
        server.fail_next(gone, gone)
        assert (await client(server, model="replay").describe()).owner == ""
        with pytest.raises(UnknownModel, match="name one with --model"):
            await client(server).describe()

    async def test_something_that_is_no_model_server(self, replay: Replay) -> None:
        server = replay([SUM])
        server.fail_next(Fault("status", 200, on="/models", body="<h1>hello</h1>"))
        with pytest.raises(ModelError, match="does not list models"):
            await client(server).describe()

    async def test_it_is_asked_once(self, replay: Replay) -> None:
        server = replay([SUM])
        model = client(server)
        infos = await asyncio.gather(*(model.describe() for _ in range(5)))
        server.fail_next(Fault("status", 500, on="/models"))
        assert await model.describe() is infos[0] is infos[4]
        assert server.state.faults


class TestStream:
    async def test_text_arrives_token_by_token_and_the_last_chunk_tells_all(self, replay: Replay) -> None:
        server = replay([SUM])
        chunks = [chunk async for chunk in client(server).stream(ASK, Sampling(), stop=[], max_tokens=99)]
        assert len(chunks) >= len(tokenize(TEXT))
        assert "".join(chunk.text for chunk in chunks) == TEXT
        assert (chunks[-1].finish, chunks[-1].stop_reason) == ("stop", None)
        said = len(tokenize(TEXT)) + END
        assert chunks[-1].usage == TokenUsage(server.seen[0].prompt_tokens, said, cached=0, exact=True)

    async def test_the_stop_string_is_included_and_named(self, replay: Replay) -> None:
        text, last = await collect(client(replay([SUM])), stop=[FENCE])
        assert text == UNTIL_FENCE
        assert (last.finish, last.stop_reason) == ("stop", FENCE)

    async def test_length(self, replay: Replay) -> None:
        text, last = await collect(client(replay([SUM])), max_tokens=4)
        assert (len(tokenize(text)), last.finish) == (4, "length")

    async def test_an_unfinished_message_is_continued_from_the_cache(self, replay: Replay) -> None:
        server = replay([SUM])
        model = client(server)
        so_far, _ = await collect(model, stop=[FENCE])
        grown = ChatInput((*ASK.messages, Message("assistant", so_far + "5\n```\n")), continue_final=True)
        text, last = await collect(model, grown)
        assert text == "So the answer is \\boxed{5}, no doubt."
        assert server.seen[-1].exact
        assert last.usage is not None
        assert last.usage.cached is not None
        assert last.usage.cached > 0

    async def test_rendered_prompts_go_to_completions(self, replay: Replay) -> None:
        server = replay([SUM])
        prompt = f"Q: {SUM.problem}\nA: "
        model = client(server)
        assert (await collect(model, TextInput(prompt)))[0] == TEXT
        ids = tuple(server.state.vocabulary.encode(prompt))
        assert (await collect(model, TextInput(ids)))[0] == TEXT
        assert [seen.path for seen in server.seen] == ["/v1/completions"] * 2

    async def test_sampling_is_sent_in_the_servers_words(self, replay: Replay) -> None:
        sampling = Sampling(0.6, 0.95, 20, 0.02, 1.1, 7, {"skip_special_tokens": False})
        vllm, hosted = replay([SUM]), replay([SUM], owner="openai")
        await collect(client(vllm), sampling=sampling, stop=["x"])
        sent = vllm.seen[0].body
        assert {
            "temperature": 0.6,
            "top_p": 0.95,
            "top_k": 20,
            "min_p": 0.02,
            "seed": 7,
        }.items() <= sent.items()
        assert sent["repetition_penalty"] == 1.1
        assert sent["skip_special_tokens"] is False
        assert sent["include_stop_str_in_output"] is True
        await collect(client(hosted), sampling=sampling, stop=["x"])
        assert hosted.seen[0].body.keys().isdisjoint({"top_k", "min_p", "include_stop_str_in_output"})

    async def test_thinking_is_kept_apart(self, replay: Replay) -> None:
        model = client(replay([SUM], reasoning="Hmm, five?"))
        chunks = [chunk async for chunk in model.stream(ASK, Sampling(), stop=[], max_tokens=99)]
        assert "".join(chunk.reasoning for chunk in chunks) == "Hmm, five?"
        assert "".join(chunk.text for chunk in chunks) == TEXT

    async def test_a_server_that_does_not_count_is_counted(self, replay: Replay) -> None:
        _, last = await collect(client(replay([SUM], usage=False)))
        assert last.usage is not None
        assert not last.usage.exact
        assert abs(last.usage.completion - len(tokenize(TEXT))) <= 2


class TestRetries:
    async def test_a_server_that_starts_late_is_waited_for(self, replay: Replay) -> None:
        told: list[str] = []
        text, _ = await collect(client(replay([SUM], start_after=0.7), on_retry=told.append))
        assert text == TEXT
        assert "nobody answers at" in told[0]

    async def test_nobody_ever_answers(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
            begun = time.monotonic()
            with pytest.raises(ModelUnreachable, match=r"nobody answers at .* \(tried for 0.5 s\)"):
                await collect(OpenAIServer(url, connect_wait=0.5, backoff=0.05))
        assert 0.4 < time.monotonic() - begun < 60

    async def test_an_unknown_host_is_not_waited_for(self) -> None:
        begun = time.monotonic()
        with pytest.raises(ModelUnreachable, match=r"host of .* is unknown"):
            await OpenAIServer("http://no-such-host.invalid:8000").describe()
        assert time.monotonic() - begun < 10

    @pytest.mark.parametrize("status", [429, 500, 502, 503])
    async def test_a_busy_server_is_asked_again(self, replay: Replay, status: int) -> None:
        server = replay([SUM])
        server.fail_next(Fault("status", status), Fault("status", status))
        text, last = await collect(client(server))
        assert text == TEXT
        assert len(server.seen) == 3
        assert last.usage is not None
        assert last.usage.completion == len(tokenize(TEXT)) + END

    async def test_the_list_is_asked_again_too(self, replay: Replay) -> None:
        server = replay([SUM])
        server.fail_next(Fault("status", 500, on="/models"))
        assert (await client(server).describe()).id == "replay"

    async def test_retry_after_is_obeyed(self, replay: Replay) -> None:
        server = replay([SUM])
        server.fail_next(Fault("status", 429, retry_after="0.6"))
        begun = time.monotonic()
        await collect(client(server))
        assert 0.6 <= time.monotonic() - begun < 60

    async def test_but_not_for_hours(self, replay: Replay) -> None:
        server = replay([SUM])
        server.fail_next(Fault("status", 429, retry_after="7200"))
        with pytest.raises(ModelBusy, match="come back in 7200 s"):
            await collect(client(server))

    async def test_it_gives_up(self, replay: Replay) -> None:
        server = replay([SUM])
        server.fail_next(*[Fault("status", 500)] * 9)
        with pytest.raises(ModelBusy, match=r"keeps answering 500: told to fail \(after 3 retries\)"):
            await collect(client(server, retries=3))
        assert len(server.seen) == 4


class TestCutStreams:
    @pytest.mark.parametrize("kind", ["cut", "end", "error"])
    @pytest.mark.parametrize("after", [0, 1, 7, 20])
    async def test_the_reply_goes_on_where_it_broke(self, replay: Replay, kind: Any, after: int) -> None:
        server = replay([SUM])
        server.fail_next(Fault(kind, after=after), Fault(kind, after=2))
        text, last = await collect(client(server))
        assert text == TEXT
        assert all(seen.exact for seen in server.seen)
        cached = server.seen[
            0 if after else 1
        ].cached_tokens  # a prompt sent twice was cached by the first try
        said = len(tokenize(TEXT)) + END
        assert last.usage == TokenUsage(server.seen[0].prompt_tokens, said, cached, exact=True)

    async def test_a_continued_message_and_prompts_go_on_too(self, replay: Replay) -> None:
        server = replay([SUM])
        model = client(server)
        prompt = f"Q: {SUM.problem}\nA: "
        ids = tuple(server.state.vocabulary.encode(prompt))
        begun = ChatInput((*ASK.messages, Message("assistant", "We add.")), continue_final=True)
        for request in (begun, TextInput(prompt), TextInput(ids)):
            server.fail_next(Fault("cut", after=5))
            text, last = await collect(model, request)
            assert text == (TEXT.removeprefix("We add.") if request is begun else TEXT)
            assert last.usage is not None
            assert last.usage.completion == len(tokenize(text)) + END

    async def test_the_limit_counts_over_the_cut(self, replay: Replay) -> None:
        for after in (6, 10):
            server = replay([SUM])
            server.fail_next(Fault("cut", after=after))
            text, last = await collect(client(server), max_tokens=10)
            assert tokenize(text) == tokenize(TEXT)[:10]
            assert last.finish == "length"
            assert last.usage is not None
            assert last.usage.completion == 10

    async def test_a_stop_string_that_straddles_the_cut_still_stops(self, replay: Replay) -> None:
        begins = tokenize(TEXT[: TEXT.index(FENCE)])
        inside = len(tokenize(FENCE)) - 1
        for after in range(len(begins) + 1, len(begins) + inside + 1):
            server = replay([SUM])
            server.fail_next(Fault("cut", after=after))
            text, last = await collect(client(server), stop=[FENCE])
            assert text == UNTIL_FENCE
            assert (last.finish, last.stop_reason) == ("stop", FENCE)

    async def test_without_counts_the_pieces_are_counted(self, replay: Replay) -> None:
        server = replay([SUM], owner="llamacpp")
        server.fail_next(Fault("cut", after=7))
        text, last = await collect(client(server))
        assert text == TEXT
        assert last.usage is not None
        assert not last.usage.exact
        assert abs(last.usage.completion - len(tokenize(TEXT)) - END) <= 2
        assert abs(last.usage.prompt - server.seen[0].prompt_tokens) <= 4

    async def test_a_server_that_cannot_continue(self, replay: Replay) -> None:
        server = replay([SUM], owner="openai")
        server.fail_next(Fault("cut", after=0))
        assert (await collect(client(server)))[0] == TEXT
        server.fail_next(Fault("cut", after=7))
        with pytest.raises(StreamCut, match=r"broke off, after \d+ characters \(this server cannot"):
            await collect(client(server))

    async def test_it_gives_up(self, replay: Replay) -> None:
        server = replay([SUM])
        server.fail_next(*[Fault("cut", after=1)] * 9)
        with pytest.raises(StreamCut):
            await collect(client(server, retries=3))
        assert len(server.seen) == 4

    async def test_silence_counts_as_a_cut(self, replay: Replay) -> None:
        server = replay([SUM])
        server.fail_next(Fault("hang", after=7))
        assert (await collect(client(server, silence=0.5)))[0] == TEXT

    async def test_every_cut_of_real_replies(self, replay: Replay, tora_recordings: list[Any]) -> None:
        server = replay(tora_recordings)
        model = client(server)
        for number, recording in enumerate(tora_recordings[:40]):
            server.fail_next(Fault("cut", after=1 + 3 * number), Fault("cut", after=2 + number))
            request = ChatInput((Message("user", recording.problem),))
            text, last = await collect(model, request)
            server.state.faults.clear()
            assert text == recording.text
            assert last.usage is not None
            assert last.usage.completion == len(tokenize(text)) + END


class TestRefusals:
    async def test_a_wrong_key(self, replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        server = replay([SUM], key="right")
        with pytest.raises(ModelRefused, match=r"refuses the key \(401\): Unauthorized.*OPENAI_API_KEY"):
            await collect(client(server))
        assert (await collect(client(server, api_key="right")))[0] == TEXT
        monkeypatch.setenv("OPENAI_API_KEY", "right")
        assert (await collect(client(server)))[0] == TEXT

    async def test_a_prompt_that_is_too_long(self, replay: Replay) -> None:
        request = ChatInput((Message("user", "why " * 100 + SUM.problem),))
        with pytest.raises(ContextOverflow, match="maximum context length is 50 tokens"):
            await collect(client(replay([SUM], max_model_len=50)), request)

    async def test_what_else_the_server_refuses(self, replay: Replay) -> None:
        server = replay([SUM])
        with pytest.raises(
            ModelError, match=r"refuses the request \(400\): temperature must be non-negative"
        ):
            await collect(client(server), sampling=Sampling(temperature=-1))
        assert len(server.seen) == 1
        server.fail_next(Fault("status", 400, body="x" * 5000))
        with pytest.raises(ModelError) as refused:
            await collect(client(server))
        assert len(str(refused.value)) < 400

    async def test_a_wrong_path(self, replay: Replay) -> None:
        server = replay([SUM])
        url = server.base_url + "/elsewhere"
        with pytest.raises(ModelError, match="does not exist"):
            await collect(OpenAIServer(url, model="replay"))

    def test_addresses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert normalize_url("localhost:8000") == "http://localhost:8000/v1"
        assert normalize_url("http://host/") == "http://host/v1"
        assert normalize_url("https://host/v1/") == "https://host/v1"
        assert normalize_url("https://host/v1beta/openai") == "https://host/v1beta/openai"
        for wrong in ("", "ftp://host", "http://", "http://host:port"):
            with pytest.raises(UsageError):
                normalize_url(wrong)
        monkeypatch.setenv("OPENAI_BASE_URL", "http://from-env:1")
        assert OpenAIServer().base_url == "http://from-env:1/v1"


@asynccontextmanager
async def ends_within(seconds: float, condition: Callable[[], bool]) -> Any:
    yield
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the server runs in another thread
            await asyncio.sleep(0.01)


class TestAborting:
    @pytest.fixture
    def slow(self, replay: Replay) -> ReplayServer:
        return replay([SUM], token_seconds=0.1)

    def _aborted(self, server: ReplayServer) -> Callable[[], bool]:
        return lambda: server.state.running == 0 and server.seen[0].aborted

    async def test_aclose(self, slow: ReplayServer) -> None:
        chunks = client(slow).stream(ASK, Sampling(), stop=[], max_tokens=99)
        async with ends_within(1, self._aborted(slow)):
            await anext(aiter(chunks))
            await chunks.aclose()

    async def test_break(self, slow: ReplayServer) -> None:
        async with ends_within(1, self._aborted(slow)):
            async for _ in client(slow).stream(ASK, Sampling(), stop=[], max_tokens=99):
                break

    async def test_cancellation(self, slow: ReplayServer) -> None:
        task = asyncio.create_task(collect(client(slow)))
        await asyncio.sleep(0.5)
        assert slow.state.running == 1
        async with ends_within(1, self._aborted(slow)):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def test_cancellation_while_waiting_to_retry(self, replay: Replay) -> None:
        server = replay([SUM])
        server.fail_next(Fault("status", 429, retry_after="60"))
        task = asyncio.create_task(collect(client(server)))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 1)


def test_the_sdk_is_imported_at_first_use() -> None:
    code = "import sys, mathagent.models; sys.exit('openai' in sys.modules or 'httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
