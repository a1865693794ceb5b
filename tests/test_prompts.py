"""Prompt files: each that comes with mathagent, a user's own, and what is wrong with a bad one."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uv import find_uv_bin

from mathagent.answers import final_answer
from mathagent.detection import detect
from mathagent.errors import UsageError
from mathagent.fitting import fit, merged
from mathagent.prompts import GIVEN, VERDICTS, find_prompt, in_language, prompts, prompts_folder, read_prompt
from mathagent.protocols import protocols
from mathagent.settings import Settings
from mathagent.types import ModelInfo, Sampling

ROOT = Path(__file__).parents[1]
NAMES = sorted(path.stem for path in prompts_folder().glob("*.md") if path.name != "README.md")

"""What any role may be given."""

GOOD = """---
name: mine
description: my own
---
## user
{{ problem }}
"""


def test_all_files_are_found_under_their_names() -> None:
    assert sorted(prompts()) == NAMES
    assert {"tir", "cot"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_prompt_reads_and_renders(name: str) -> None:
    prompt = prompts()[name]
    role = prompt.settings.role
    given = {name: "3" if name == "count" else f"the {{{{ {name} }}}}" for name in GIVEN[role]}
    messages = prompt.messages("  What is {{ 1 }} + \\frac{1}{2}?\n", given)
    text = "\n".join(message.content for message in messages)
    assert "What is {{ 1 }} + \\frac{1}{2}?" in text
    assert all(value in text for value in given.values())
    assert messages[-1].content == messages[-1].content.strip("\n")
    assert all(message.content.strip() for message in messages)
    roles = [message.role for message in messages if message.role != "system"]
    ending = ["user"] if prompt.settings.reward is None else []
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ending
    if prompt.settings.reward is None:
        assert "{{" not in "".join(message.content for message in messages[:-1])
    assert prompt.settings.protocol in protocols()
    assert prompt.settings.description
    assert prompt.sha256 == hashlib.sha256(prompt.path.read_bytes()).hexdigest()
    assert merged(prompt.settings.sampling, Sampling(seed=1)).seed == 1
    task = prompt.task(messages, Sampling(), given)
    counts = prompt.settings.protocol.startswith(
        "openmath"
    )  # its protocol has a notice of its own, or none at all
    assert ("\\boxed" in task.last_execution) is not (counts or prompt.settings.reasoning)
    questions = prompt.questions(given)
    assert bool(questions) is (role in VERDICTS)
    assert all(len(each.options) == len(each.names) for each in questions)
    assert task.prefill == prompt.settings.prefill


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_are_in_the_prompts_own_protocol(name: str) -> None:
    """Each example ends in a boxed answer, and in tir mode its code is found as the loop would find it."""
    prompt = prompts()[name]
    given = {name: name for name in GIVEN[prompt.settings.role]}
    examples = [message.content for message in prompt.messages("?", given) if message.role == "assistant"]
    if prompt.settings.reward is not None:
        assert [each.replace("<extra_0>", "") for each in examples] == ["solution"]  # what is judged
        return
    for example in examples:
        assert example.startswith(prompt.settings.prefill)
        if prompt.settings.role != "solve":
            continue
        assert final_answer([example.rpartition("```")[2]])
        if prompt.settings.mode == "tir":
            block = protocols()[prompt.settings.protocol].parser().feed(example)
            assert block is not None
            assert block.closed
            compile(block.code, name, "exec")
            assert block.rest.startswith("```output\n")


@given(problem=st.text(min_size=1))
def test_any_problem_passes_verbatim(problem: str) -> None:
    for prompt in prompts().values():
        given = {name: problem for name in GIVEN[prompt.settings.role]}
        assert any(problem.strip() in each.content for each in prompt.messages(problem, given))


@pytest.mark.parametrize(
    "problem", ["{% raw %}", "{{ x }}", "{# no #}", "{{ problem }}", "## user\n", "---", "\\{\\}"]
)
def test_a_problem_is_no_template(tmp_path: Path, problem: str) -> None:
    (tmp_path / "p.md").write_text(GOOD)
    (message,) = read_prompt(tmp_path / "p.md").messages(problem)
    assert message.content == problem.strip()


def test_the_hash_and_the_name_of_a_users_own_file(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text(GOOD)
    prompt = find_prompt(str(tmp_path / "p.md"))
    assert prompt.name == "mine"
    assert prompt.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()
    (tmp_path / "p.md").write_text(GOOD.replace("my own", "my Own"))
    assert find_prompt(str(tmp_path / "p.md")).sha256 != prompt.sha256


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "begins with front matter"),
        ("---\nname: x\n", "begins with front matter"),
        (GOOD.replace("name: mine", "- a list"), "front matter:"),
        (GOOD.replace("name: mine\ndescription: my own", "- a"), "a mapping is needed"),
        (GOOD.replace("name: mine\n", ""), "name: Field required"),
        (GOOD.replace("my own", "[1, 2]"), "description: Input should be a valid string"),
        (GOOD.replace("name: mine", "name: mine\ncolour: red"), "colour: Extra inputs are not permitted"),
        (GOOD.replace("name: mine", "name: mine\ntokens: many"), "tokens: Input should be a valid integer"),
        (GOOD.replace("name: mine", "name: mine\nmode: guess"), "mode: Input should be 'tir' or 'cot'"),
        (GOOD.replace("name: mine", "name: mine\nsampling: {heat: 1}"), "sampling: unknown setting heat"),
        (GOOD.replace("## user", "## system"), "the last section must be '## user'"),
        (GOOD.replace("{{ problem }}", "hello"), "the last section must be '## user'"),
        (GOOD.replace("## user\n", ""), "the last section must be '## user'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "p.md").write_text(text)
    with pytest.raises(UsageError) as raised:
        read_prompt(tmp_path / "p.md")
    assert says in raised.value.message
    assert raised.value.message.startswith(f"{tmp_path / 'p.md'}: ")
    assert "\n" not in raised.value.message


@pytest.mark.parametrize(
    "body", ["{{ problem }} {{ other }}", "{{ problem", "{% if problem %}", "{{ problem | nope }}"]
)
def test_a_bad_template_is_said_when_it_renders(tmp_path: Path, body: str) -> None:
    (tmp_path / "p.md").write_text(GOOD.replace("{{ problem }}", body))
    with pytest.raises(UsageError, match=r"p\.md: "):
        read_prompt(tmp_path / "p.md").messages("x")


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no prompt and no file is called 'nope'") as raised:
        find_prompt("nope")
    assert "tir" in raised.value.hint
    (tmp_path / "p.md").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="can't read the prompt file"):
        find_prompt(str(tmp_path / "p.md"))


@pytest.mark.parametrize(
    ("model", "mode", "name"),
    [
        ("Qwen/Qwen2.5-Math-7B-Instruct", "tir", "qwen2.5-math-tir"),
        ("Qwen/Qwen2.5-Math-7B-Instruct", "cot", "qwen2.5-math-cot"),
        ("AI-MO/NuminaMath-7B-TIR", "tir", "numina-tir"),
        ("SmolLM2-135M-Instruct", "tir", "smollm2-tir"),
        ("SmolLM2-135M-mathagent", "tir", "embedded-tir"),
        ("SmolLM2-135M-mathagent", "cot", "embedded-cot"),
        ("nvidia/OpenMath-Nemotron-7B", "tir", "openmath-tir"),
        ("nvidia/OpenMath-Nemotron-14B-Kaggle", "tir", "openmath-kaggle-tir"),
        ("nvidia/OpenMath-Nemotron-14B-Kaggle", "cot", "openmath-cot"),
        ("nvidia/OpenMath-Mistral-7B-v0.1-hf", "tir", "llm-code-tir"),
        ("xingyaoww/CodeActAgent-Mistral-7b-v0.1", "tir", "execute-tir"),
        ("Qwen/Qwen3-8B", "tir", "qwen3-tir"),
        ("Qwen/Qwen3-8B", "cot", "qwen3-cot"),
        ("Qwen/Qwen3-8B-Base", "tir", "icl-tir"),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", "tir", "qwen3-instruct-tir"),
        ("Qwen/Qwen3.5-27B", "tir", "tools"),
        ("openai/gpt-5", "tir", "tools"),
        ("openai/gpt-oss-120b", "tir", "harmony-tir"),
        ("anything-else", "tir", "tir"),
        ("anything-else", "cot", "cot"),
    ],
)
def test_the_default_for_a_model(model: str, mode: str, name: str) -> None:
    assert detect(model, None, mode, prompts().values()).prompt.name == name


@pytest.mark.parametrize(
    ("name", "language", "found"),
    [
        ("tir", "zh", "tir-zh"),
        ("cot", "zh", "cot-zh"),
        ("tir-zh", "zh", "tir-zh"),
        ("tir-zh", "en", "tir"),
        ("tir", "en", "tir"),
        ("internlm2-tir", "zh", "internlm2-tir-zh"),
        ("qwen2.5-math-tir", "zh", "qwen2.5-math-tir"),  # its own, which it was trained with
    ],
)
def test_a_prompt_in_another_language(name: str, language: str, found: str) -> None:
    assert in_language(prompts()[name], language).name == found


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (Settings(language="zh"), "tir-zh"),
        (Settings(language="zh", mode="cot"), "cot-zh"),
        (Settings(language="zh", protocol="internlm2"), "internlm2-tir-zh"),
        (Settings(language="zh", prompt="tir"), "tir"),  # as asked for
        (Settings(), "tir"),
    ],
)
def test_the_language_that_was_asked_for(settings: Settings, found: str) -> None:
    assert fit(ModelInfo("anything-else", None, "", False), settings).prompt.name == found


def test_every_translation_is_of_a_prompt_with_the_same_protocol() -> None:
    for prompt in prompts().values():
        if prompt.settings.language == "zh":
            original = prompts()[prompt.name.removesuffix("-zh")]
            assert original.settings.protocol == prompt.settings.protocol
            assert original.settings.mode == prompt.settings.mode
            assert not prompt.settings.models


def test_the_wheel_carries_the_prompts(tmp_path: Path) -> None:
    """Built as it is installed: every prompt file is in it, and those of no tests or notebooks."""
    build = [find_uv_bin(), "build", "--wheel", "--quiet", "--out-dir", str(tmp_path), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, timeout=100)
    if done.returncode != 0 and ("Failed to fetch" in done.stderr or "resolve" in done.stderr):
        pytest.skip(f"the build backend can't be had here: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    here = {path.name for path in (ROOT / "prompts").iterdir() if path.suffix in (".md", ".yaml")}
    assert {f"mathagent/_prompts/{name}" for name in here} <= inside
    assert {"mathagent/cli/app.py", "kernels_sandbox/pool.py"} <= inside
    tops = {name.split("/")[0].split("-")[0].split(".")[0] for name in inside}
    assert tops == {"mathagent", "kernels_sandbox"}


JUDGE = """---
name: judge
description: for tests
role: outcome
mode: cot
models: ["*"]
lead: "Verdict:"
options: [" right", " wrong"]
---
## user
{{ problem }}
{{ solution }}
"""


def test_a_role_is_given_more_than_the_problem(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text(JUDGE)
    prompt = read_prompt(tmp_path / "p.md")
    (message,) = prompt.messages("1 + 1?", {"solution": "It is {{ 2 }}."})
    assert message.content == "1 + 1?\nIt is {{ 2 }}."
    with pytest.raises(UsageError) as raised:
        prompt.messages("1 + 1?")
    assert "problem, executions, solution" in raised.value.hint


def test_a_prompt_of_another_role_solves_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text(JUDGE)
    judge = read_prompt(tmp_path / "p.md")
    assert detect("any", None, "cot", [judge, find_prompt("cot")]).prompt.name == "cot"
    assert detect("any", None, "cot", [find_prompt("cot"), judge], "outcome").prompt is judge
    with pytest.raises(UsageError, match="role 'pairwise'"):
        detect("any", None, "cot", [judge], "pairwise")


def test_an_unknown_role(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text(JUDGE.replace("outcome", "oracle"))
    with pytest.raises(UsageError, match="unknown role oracle"):
        read_prompt(tmp_path / "p.md")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (JUDGE.replace('[" right", " wrong"]', '[" right"]'), "needs 2 (Yes and No, in this order)"),
        (JUDGE.replace('" wrong"]', '" wrong", " both"]'), "needs 2 (Yes and No"),
        (JUDGE.replace('" wrong"]', '" right"]'), "each must say something of its own"),
        (JUDGE.replace('" wrong"]', '" "]'), "each must say something of its own"),
        (
            JUDGE.replace("role: outcome", "role: select").replace('[" right", " wrong"]', "[]"),
            "needs 2 to 26",
        ),
        (JUDGE.replace("role: outcome\n", ""), "the role solve ends in no verdict"),
        (
            JUDGE.replace("mode: cot", "mode: cot\nreward: classify"),
            "the last section must be '## assistant'",
        ),
    ],
)
def test_what_is_wrong_with_a_verdict(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "p.md").write_text(text)
    with pytest.raises(UsageError) as raised:
        read_prompt(tmp_path / "p.md")
    assert says in raised.value.message


def test_the_questions_of_each_role() -> None:
    solution = "One.\n\nTwo.\n```python\nx\n```"
    (only,) = find_prompt("outcome").questions({"solution": solution})
    assert (only.lead, only.options, only.names) == (
        "Is the final answer right? Answer:",
        (" Yes", " No"),
        ("Yes", "No"),
    )
    leads = [each.lead for each in find_prompt("process").questions({"solution": solution})]
    assert leads == ["Is step 1 right? Answer:", "Is step 2 right? Answer:"]
    (chosen,) = find_prompt("select").questions({"solutions": "...", "count": "3"})
    assert chosen.options == (" A", " B", " C")
    with pytest.raises(UsageError, match="27 solutions to choose from, and 26 options"):
        find_prompt("select").questions({"solutions": "...", "count": "27"})
    assert find_prompt("tir").questions({}) == ()
