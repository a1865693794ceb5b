"""`mathagent protocols` and `mathagent solve --dry-run`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mathagent.protocols import protocols
from tests.cli.conftest import PROBLEM, Served
from tests.cli.program import Program

NAMES = sorted(protocols())


def test_all_are_listed_with_the_models_they_fit(program: Program) -> None:
    listed = json.loads(program.call("protocols", "--json").out)
    assert sorted(each["name"] for each in listed) == NAMES
    models = {each["name"]: each["models"] for each in listed}
    assert "*qwen2.5-math*" in models["markdown"]
    table = program.call("protocols").out
    assert all(name in table for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_one_is_shown_by_an_example_of_its_own(program: Program, name: str) -> None:
    shown = program.call("protocols", name)
    assert shown.code == 0, shown.err
    record = json.loads(program.call("protocols", name, "--json").out)
    assert "What is 6 * 7?" in shown.out
    assert record["server_call"] in shown.out
    code = protocols()[name].example != ""
    assert code != name.endswith("cot")
    assert ("42" in json.dumps(record["example"]["body"])) == code


def test_an_unknown_protocol_is_one_line(program: Program) -> None:
    ended = program.call("protocols", "nothing")
    assert ended.code == 2
    assert len(ended.complaints) == 1


def test_a_dry_run_is_what_a_solve_sends(served: Served) -> None:
    program, server = served()
    dry = program.call("solve", "--dry-run", "--json", PROBLEM)
    assert dry.code == 0, dry.err
    assert server.seen == []
    assert program.stored() == []
    assert program.call("solve", PROBLEM).code == 0
    assert json.loads(dry.out) == server.seen[0].body


def test_a_dry_run_shows_the_address_and_sends_nothing(served: Served) -> None:
    program, server = served()
    dry = program.call("solve", "--dry-run", PROBLEM, "--mode", "cot", "--max-tokens", "77")
    first, _, body = dry.out.partition("\n")
    assert first == f"POST {server.base_url}/chat/completions"
    assert json.loads(body)["max_tokens"] == 77
    assert server.seen == []


@pytest.mark.parametrize("name", NAMES)
def test_a_dry_run_needs_no_server(program: Program, name: str) -> None:
    ended = program.call("solve", "--dry-run", "--model", "some/model", "--protocol", name, PROBLEM)
    assert ended.code == 0, ended.err
    assert "taken to be served by vLLM" in ended.err
    assert PROBLEM in ended.out or "prompt" in json.loads(ended.out.partition("\n")[2])


def test_the_chat_template_of_an_unknown_model_is_followed_and_told(served: Served, tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "{{ x }}<|action_start|>"}')
    program, _ = served(root=str(tmp_path))
    ended = program.call("solve", "--dry-run", PROBLEM)
    assert "protocol internlm2" in ended.err
    assert "its chat template has <|action_start|>" in ended.err
    assert "<|im_start|>system" in json.loads(ended.out.partition("\n")[2])["prompt"]


def test_a_dry_run_of_no_model_is_one_line(program: Program) -> None:
    ended = program.call("solve", "--dry-run", PROBLEM)
    assert ended.code == 2
    assert len(ended.complaints) == 1
    assert "--model" in ended.err


def test_a_protocol_that_was_chosen_by_hand_against_its_prompt_is_told(served: Served) -> None:
    program, _ = served()
    ended = program.call("solve", PROBLEM, "--prompt", "tir", "--protocol", "cot")
    assert "the prompt tir is written for the protocol markdown, not cot" in ended.err
