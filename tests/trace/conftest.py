"""What the tests of traces share."""

from __future__ import annotations

from kernels_sandbox import CellResult
from mathagent.events import Answer, CodeBlock, Execution, Failure, Finish, Prefill, Request, Started, Text
from mathagent.limits import Limits
from mathagent.trace import Recorder, Trace
from mathagent.trace.schema import ProblemRecord, SandboxRecord
from mathagent.types import Logprobs, Message, ModelInfo, Sampling, TokenUsage


def make_recorder(text: str = "What is 6 * 7?") -> Recorder:
    return Recorder(
        problem=ProblemRecord(id="", text=text),
        endpoint="http://127.0.0.1:1/v1",
        demo=False,
        prompt=("tir", "0" * 64),
        mode="tir",
        protocol="markdown",
        sampling=Sampling(temperature=0.5),
        limits=Limits(),
        sandbox=SandboxRecord(level="none", layers={"rlimits": True}),
        versions={"server": "1.0"},
    )


def make_trace(text: str = "What is 6 * 7?", answer: str = "42") -> Trace:
    """A trace with every kind of step."""
    recorder = make_recorder(text)
    for event in (
        Started(ModelInfo("m", 4096, "vllm", True), (Message("user", text, "someone"),), 4096),
        Prefill("```python\n"),
        CodeBlock(0, "6 * 7\n", "6 * 7\n```\n", "```output\n43"),
        Request(TokenUsage(12, 5, 0), 0.25, 0.1, "stop", "```output", Logprobs(-1.5, 5)),
        Execution(0, CellResult("ok", result="42", seconds=0.01), "42", "```output\n42\n```\n"),
        Text(f"Größe ∑ 中文: \\boxed{{{answer}}}.", "I think"),
        Failure("model", "the stream was cut", "try again"),
        Answer(answer),
        Finish("answer", "the model ended its reply"),
    ):
        recorder.take(event)
    return recorder.trace()
