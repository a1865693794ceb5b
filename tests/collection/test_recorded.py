"""Files that other tools recorded: every record becomes a trace, with all its code and outputs, and joins again.

`TABLE` says what the recorded files beside the checkout give: records, traces, code steps, outputs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mathagent.collection import open_collection
from mathagent.protocols.frames import read_frames
from mathagent.trace.schema import CodeStep, OutputStep, Trace
from tests.playback.formats import formats
from tests.replay.fixtures import DATA

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.exists(), reason=f"the recorded data is not there: {DATA}"),
]

TABLE = {
    "trajectories/internlm-agent-samples.jsonl": (3, 3, 4, 4),
    "trajectories/mathcoder-cl34b-math500.jsonl": (252, 252, 991, 991),
    "trajectories/mathcoder-l70b-gsm8k-3runs.jsonl": (1980, 1980, 4883, 4883),
    "trajectories/mathcoder-l70b-mathematics.jsonl": (200, 200, 443, 443),
    "trajectories/mathcoder-l70b-simuleq.jsonl": (257, 257, 402, 402),
    "trajectories/mathcoder-l7b-math-correct-only.jsonl": (571, 571, 1213, 1213),
    "trajectories/mint-math/CodeLlama-34b-hf.jsonl": (50, 50, 197, 143),
    "trajectories/mint-math/Eurus-70B-SFT.jsonl": (50, 50, 172, 126),
    "trajectories/mint-math/Meta-Llama-3-70B-Instruct.jsonl": (50, 50, 169, 105),
    "trajectories/mint-math/OpenMath-Mistral-7B-v0.1-hf.jsonl": (50, 50, 12, 4),
    "trajectories/mint-math/claude-2.jsonl": (50, 50, 40, 16),
    "trajectories/mint-math/gpt-3.5-turbo-0613.jsonl": (50, 50, 136, 123),
    "trajectories/mint-math/gpt-4-0613.jsonl": (50, 50, 101, 95),
    "trajectories/tora-code-34b-gsm8k.jsonl": (660, 660, 660, 659),
    "trajectories/tora-corpus-examples.jsonl": (30, 30, 25, 25),
    "cot/nemo-math-3samples.jsonl": (75, 75, 0, 0),
    "reward/math_cot_100.jsonl": (50, 400, 0, 0),  # eight samples a record
}
"""Not here: `nemo-openmath-fewshot.jsonl`, demonstrations in columns of their own; see below."""


def traces_of(file: Path) -> list[Trace]:
    collection = open_collection(file)
    assert collection.notices == []
    return [collection.trace(entry) for entry in collection.entries]


def counted(traces: list[Trace], kind: type) -> int:
    return sum(isinstance(step, kind) for trace in traces for step in trace.steps)


def records_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", TABLE)
def test_how_many_become_traces(name: str) -> None:
    traces = traces_of(DATA / name)
    found = (
        len(records_of(DATA / name)),
        len(traces),
        counted(traces, CodeStep),
        counted(traces, OutputStep),
    )
    assert found == TABLE[name]


def test_replies_of_tora_are_those_recorded() -> None:
    for name in ("tora", "tora-corpus"):  # playback reads these without the importer
        form = formats()[name]
        for trace, record in zip(traces_of(form.files[0]), form.records(), strict=True):
            assert trace.reply == record.recording.text
            assert (trace.answer or "", trace.problem.text) == (
                record.answer,
                record.recording.problem.strip(),
            )
            codes = [step.code.strip() for step in trace.steps if isinstance(step, CodeStep)]
            assert codes == [code.strip() for code in record.codes]
            shown = [step.shown for step in trace.steps if isinstance(step, OutputStep)]
            assert shown == [output for output in record.outputs if output is not None]


def test_mint_has_every_message_and_ran_what_mint_ran() -> None:
    lost = 0
    for file in sorted((DATA / "trajectories" / "mint-math").glob("*.jsonl")):
        for trace, record in zip(traces_of(file), records_of(file), strict=True):
            state = record["state"]
            said = [each["content"] for each in state["history"][1:]]
            last = state["latest_output"]["content"]
            stale = state["history"][-1]["role"] == "assistant" and last == state["history"][-2]["content"]
            if state["history"][-1]["role"] == "assistant" and not stale:
                said.append(last)
            pieces = [piece for piece in read_frames(trace.reply) if isinstance(piece, str)]
            assert pieces == [each for each in said if each]
            missing = state["agent_action_count"]["use_tool"] - counted([trace], OutputStep)
            assert missing == 0 or (missing == 1 and stale)  # MINT did not keep what the last step gave
            lost += missing
    assert lost == 52


def test_every_text_of_nemo_is_the_recorded_one() -> None:
    file = DATA / "cot" / "nemo-math-3samples.jsonl"
    assert [trace.reply for trace in traces_of(file)] == [each["generation"] for each in records_of(file)]


def test_demonstrations_of_nemo_as_generations(tmp_path: Path) -> None:
    """People wrote them, in columns that no run has; as the generations of rows they are read whole."""
    shown = records_of(DATA / "trajectories" / "nemo-openmath-fewshot.jsonl")
    rows = [{"problem": each["problem"], "generation": each["solution_openmath"]} for each in shown]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    traces = traces_of(file)
    assert [trace.reply for trace in traces] == [row["generation"] for row in rows]
    blocks = sum(len(re.findall("<llm-code>", row["generation"])) for row in rows)
    assert counted(traces, CodeStep) == counted(traces, OutputStep) == blocks > 0
