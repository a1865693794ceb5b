"""The replay server itself: positions, stop strings, limits, counters, and that no recorded text is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.replay.fixtures import DATA, Replay
from tests.replay.generation import generate
from tests.replay.recording import Conversation, Library, Recording
from tests.replay.server import ReplayServer
from tests.replay.state import Fault
from tests.replay.tokens import PrefixCache, Vocabulary, tokenize
from tests.replay.tora import split_fenced

BLOCK = "```output\n5\n```"
TEXT = (
    f"Add.\n```python\nprint(2+3)\n```\n{BLOCK}\nAgain.\n```python\nprint(5)\n```\n{BLOCK}\nSo \\boxed{{5}}."
)
SUM = split_fenced("What is 2+3?", TEXT)


def ask(server: ReplayServer, path: str = "/chat/completions", **body: Any) -> httpx.Response:
    if path == "/chat/completions" and "messages" not in body:
        body["messages"] = [{"role": "user", "content": SUM.problem}]
    return httpx.post(server.base_url + path, json=body, timeout=10)


def go_on(server: ReplayServer, so_far: str, **body: Any) -> httpx.Response:
    messages = [{"role": "user", "content": SUM.problem}, {"role": "assistant", "content": so_far}]
    flags: dict[str, Any] = {"continue_final_message": True, "add_generation_prompt": False}
    return ask(server, messages=messages, **flags, **body)


def said(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    choice = response.json()["choices"][0]
    return str(choice["message"]["content"] if "message" in choice else choice["text"])


def events(response: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_splitting_loses_no_text() -> None:
    assert SUM.text == TEXT
    assert SUM.outputs == (BLOCK, BLOCK)
    assert [piece[:5] for piece in SUM.said] == ["Add.\n", "\nAgai", "\nSo \\"]


def test_every_tora_record_is_split_exactly(tora_recordings: list[Recording]) -> None:
    lines = (DATA / "trajectories" / "tora-code-34b-gsm8k.jsonl").read_text().splitlines()
    assert [recording.text for recording in tora_recordings] == [
        json.loads(line)["code"][0] for line in lines
    ]
    assert len(tora_recordings) == 660
    without = [recording.source for recording in tora_recordings if len(recording.outputs) != 1]
    assert without == ["tora-code-34b-gsm8k.jsonl:147"]  # it ends with its code, which has a syntax error


def test_every_tora_record_is_found_and_continued(tora_recordings: list[Recording]) -> None:
    library = Library(tora_recordings)
    for recording in tora_recordings:
        if not recording.outputs:
            continue
        user = {"role": "user", "content": f"Solve this.\n\n{recording.problem}\n"}
        for so_far in ("", "```python\n", recording.said[0], recording.said[0] + "```output\n"):
            conversation = library.read_chat([user, {"role": "assistant", "content": so_far}])
            assert conversation is not None
            rest, exact = library.next_text(conversation, None)
            assert exact
            assert so_far + rest == recording.text
        after = Conversation(user["content"], recording.said[0] + "```output\n-1.5\n```\n")
        assert library.next_text(after, None) == (recording.said[1].removeprefix("\n"), True)


@pytest.mark.parametrize(
    ("so_far", "begins"),
    [
        ("", "Add.\n```python"),
        ("Add.\n```py", "thon\nprint(2+3)"),
        ("Add.\n```python\nprint(2+3)\n```\n```output\n", "5\n```\nAgain."),
        ("Add.\n```python\nprint(2+3)\n```\n```output\n5.0\n```", "\nAgain."),
        ("Add.\n```python\nprint(2+3)\n```\n```output\n5.0\n```\n", "Again."),
        ("Add.\n```python\nprint(2+3)\n```\n```output\n```\n", "Again."),
        ("x```output\n5.0\n```\n\nAga", "in.\n"),
        ("x```output\nTraceback\n\n```\ny```output\n5\n```\n", "So \\boxed{5}."),
    ],
)
def test_a_continued_reply_goes_on_where_it_ends(replay: Replay, so_far: str, begins: str) -> None:
    server = replay([SUM])
    assert said(go_on(server, so_far)).startswith(begins)
    assert server.seen[-1].exact


def test_text_from_nowhere_is_noticed(replay: Replay) -> None:
    server = replay([SUM])
    assert said(go_on(server, "Not what was said.")) == TEXT
    assert not server.seen[-1].exact


def test_a_prompt_of_text_or_ids_is_continued(replay: Replay) -> None:
    server = replay([SUM])
    prompt = f"Question: 1+1?\nAnswer: 2\n\nQuestion: {SUM.problem}\nAnswer: Add.\n```python\n"
    body = {"prompt": prompt, "max_tokens": 100, "stop": ["```output"]}
    assert said(ask(server, "/completions", **body)) == "print(2+3)\n```\n"
    tokens = httpx.post(server.base_url.removesuffix("/v1") + "/tokenize", json={"prompt": prompt}).json()[
        "tokens"
    ]
    assert said(ask(server, "/completions", **{**body, "prompt": tokens})) == "print(2+3)\n```\n"
    assert (
        len(said(ask(server, "/completions", prompt=prompt)))
        < len(said(ask(server, "/completions", **body))) + 50
    )


def test_stop_strings_as_vllm_reports_them(replay: Replay) -> None:
    server = replay([SUM])
    choice = ask(server, stop=["nothing", "```output"]).json()["choices"][0]
    assert choice["message"]["content"].endswith("```\n")
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", "```output")
    choice = ask(server, stop=["```output\n"], include_stop_str_in_output=True).json()["choices"][0]
    assert choice["message"]["content"].endswith("```\n```output\n")
    choice = ask(server).json()["choices"][0]
    assert (choice["message"]["content"], choice["stop_reason"]) == (TEXT, None)


def test_max_tokens_and_usage(replay: Replay) -> None:
    server = replay([SUM])
    body = ask(server, max_tokens=3).json()
    assert body["choices"][0]["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] == 3
    assert len(tokenize(body["choices"][0]["message"]["content"])) == 3
    assert (
        ask(server).json()["usage"]["completion_tokens"] == len(tokenize(TEXT)) + 1
    )  # and the end of the turn


@pytest.mark.parametrize("include_stop", [True, False])
def test_streamed_pieces_put_together(replay: Replay, include_stop: bool) -> None:
    server = replay([SUM])
    options = {"include_usage": True}
    response = ask(
        server,
        stream=True,
        stop=["```output"],
        include_stop_str_in_output=include_stop,
        stream_options=options,
    )
    *pieces, last = events(response)
    text = "".join(piece["choices"][0]["delta"].get("content", "") for piece in pieces)
    assert text == TEXT[: TEXT.index("```output")] + ("```output" if include_stop else "")
    assert [piece["choices"][0]["finish_reason"] for piece in pieces[-2:]] == [None, "stop"]
    assert pieces[-1]["choices"][0]["stop_reason"] == "```output"
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] == server.seen[0].completion_tokens


def test_without_the_stop_string_nothing_of_it_leaks() -> None:
    steps = list(generate("ab```out and ```output x", stop=["```output"], include_stop=False, max_tokens=99))
    assert "".join(step.text for step in steps) == "ab```out and "
    assert steps[-1].stop_reason == "```output"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"model": "other"}, 404, "does not exist"),
        ({"messages": []}, 400, "messages"),
        ({"continue_final_message": True}, 400, "not compatible"),
        ({"max_tokens": 0}, 400, "max_tokens"),
        ({"n": 3, "temperature": 0}, 400, "greedy"),
        ({"temperature": -1}, 400, "temperature"),
        ({"messages": [{"role": "user", "content": "Something else"}]}, 400, "no recording"),
        (
            {"messages": [{"role": "user", "content": "long " * 400}]},
            400,
            "maximum context length is 300 tokens",
        ),
    ],
)
def test_refusals(replay: Replay, body: dict[str, Any], status: int, words: str) -> None:
    server = replay([SUM], max_model_len=300)
    response = ask(server, **{"model": "replay", **body})
    assert response.status_code == status
    assert words in response.json()["error"]["message"]


def test_max_tokens_is_clamped_to_the_context(replay: Replay) -> None:
    server = replay([SUM], max_model_len=40)
    body = ask(server, max_tokens=10_000).json()
    assert body["usage"]["total_tokens"] == 40
    assert body["choices"][0]["finish_reason"] == "length"


def test_a_key_is_demanded(replay: Replay) -> None:
    server = replay([SUM], key="secret")
    assert ask(server).status_code == 401
    headers = {"authorization": "Bearer secret"}
    assert httpx.get(server.base_url + "/models", headers=headers).json()["data"][0]["owned_by"] == "vllm"


def test_samples_are_chosen_by_seed_and_stay_the_same(replay: Replay) -> None:
    runs = [
        split_fenced("Toss.", f"{side}\n```python\ntoss()\n```\n{BLOCK}\n{side}.")
        for side in ("heads", "tails")
    ]
    server = replay(runs)
    messages = [{"role": "user", "content": "Toss."}]
    starts = [said(ask(server, messages=messages, max_tokens=1, seed=seed)) for seed in (0, 1, 2, 1)]
    assert starts == ["heads", "tails", "heads", "tails"]
    assert {said(ask(server, messages=messages, max_tokens=1)) for _ in range(2)} == {"heads", "tails"}
    several = ask(server, messages=messages, max_tokens=1, n=2, seed=0, temperature=1).json()["choices"]
    assert [choice["message"]["content"] for choice in several] == ["heads", "tails"]
    messages += [{"role": "assistant", "content": "tails\n```python\n"}]
    flags: dict[str, Any] = {"continue_final_message": True, "add_generation_prompt": False}
    assert said(ask(server, messages=messages, **flags)).endswith("tails.")


def test_outputs_as_turns_of_their_own_count_as_rounds(replay: Replay) -> None:
    server = replay([SUM])
    messages = [
        {"role": "user", "content": SUM.problem},
        {"role": "assistant", "content": SUM.said[0]},
        {"role": "tool", "content": "5"},
    ]
    assert said(ask(server, messages=messages)).startswith("\nAgain.")


def test_the_prefix_cache_counts_as_vllm_does(replay: Replay) -> None:
    server = replay([SUM])
    first = ask(server, stop=["```output\n"], include_stop_str_in_output=True).json()
    so_far = first["choices"][0]["message"]["content"] + "5\n```\n"
    usage = go_on(server, so_far).json()["usage"]
    grown = first["usage"]["total_tokens"]
    assert grown - 16 <= usage["prompt_tokens_details"]["cached_tokens"] <= grown
    metrics = httpx.get(server.base_url.removesuffix("/v1") + "/metrics").text
    assert (
        f'vllm:prefix_cache_hits_total{{engine="0",model_name="replay"}} {server.state.cache.hits}' in metrics
    )


def test_whole_blocks_only() -> None:
    cache = PrefixCache(block_size=4)
    cache.store(list("abcdefgh"))
    assert cache.lookup(list("abcdefgh")) == 4  # the last token is always computed
    assert cache.lookup(list("abcdefghi")) == 8
    assert cache.lookup(list("abcxefghi")) == 0


def test_tokens_give_back_any_text() -> None:
    text = "Ünïcode 123456 \t\r\n a_b ```output\n√2 ≈ 1.41 \\boxed{½} 中文"
    assert "".join(tokenize(text)) == text
    vocabulary = Vocabulary()
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_faults_come_in_order_and_pass(replay: Replay) -> None:
    server = replay([SUM])
    server.fail_next(Fault("status", 429, retry_after="1"), Fault("cut", after=2))
    response = ask(server)
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    with pytest.raises(httpx.RemoteProtocolError):
        ask(server, stream=True)
    assert said(ask(server)) == TEXT


def test_as_a_command(tora_recordings: list[Recording], tmp_path: Path) -> None:
    path = DATA / "trajectories" / "tora-code-34b-gsm8k.jsonl"
    command = [sys.executable, "-m", "tests.replay", "--tora", str(path), "--port", "0"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            assert line.startswith("660 recordings at http://127.0.0.1:")
            listed = httpx.get(line.split(" at ")[1].strip() + "/models", timeout=10).json()
            assert listed["data"][0]["id"] == "tora-code-34b"
        finally:
            process.terminate()


def test_a_rendered_prompt_is_played_from_where_the_reply_begins(replay: Replay) -> None:
    """The marks of the turns are no part of the reply, a worked example is not the problem, outputs may differ."""
    turn = "<|im_end|>\n<|im_start|>environment\n5<|im_end|>\n<|im_start|>assistant\n"
    recording = Recording(
        SUM.problem,
        ("Add.<|action_start|>2+3<|action_end|>\n", "So \\boxed{5}.<|im_end|>"),
        (turn,),
        output_block=r"<\|im_end\|>\n<\|im_start\|>environment\n.*?<\|im_end\|>\n<\|im_start\|>assistant\n",
        opening="<|im_end|>\n<|im_start|>assistant\n",
    )
    server = replay([recording])
    begin = f"Example: {SUM.problem} 4\n<|im_start|>user\n{SUM.problem}<|im_end|>\n<|im_start|>assistant\n"
    body = {"max_tokens": 100, "stop": ["<|action_end|>\n", "<|im_end|>"], "include_stop_str_in_output": True}
    assert said(ask(server, "/completions", prompt=begin, **body)) == recording.said[0]
    other = turn.replace("5", "another output")
    grown = begin + recording.said[0] + other
    assert said(ask(server, "/completions", prompt=grown, **body)) == recording.said[1]
    assert said(ask(server, "/completions", prompt=grown + "So ", **body)) == "\\boxed{5}.<|im_end|>"
    assert all(seen.exact for seen in server.seen)
    ask(server, "/completions", prompt=grown + "not its words", **body)
    assert not server.seen[-1].exact
