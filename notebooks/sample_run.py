"""Two small runs to look at, made by code: the records are real ones, the model in them is a dice.

`write_runs(folder)` writes the runs `plain` and `sharper`: 24 problems with four samples each, as `mathagent run` would
have left them. The cells' outputs are what those cells really print.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

from kernels_sandbox import CellError, CellResult
from mathagent.data import Problem
from mathagent.events import Answer, CodeBlock, Event, Execution, Finish, Request, Started, Text
from mathagent.limits import Limits
from mathagent.run.rows import row_of
from mathagent.trace import Recorder, Trace
from mathagent.trace.schema import GradeRecord, ProblemRecord
from mathagent.types import Message, ModelInfo, Sampling, TokenUsage

SAMPLES = 4
_TYPES = ("Algebra", "Counting & Probability", "Number Theory")
_SKILL = {
    "plain": (0.95, 0.14),
    "sharper": (1.0, 0.09),
}  # the chance at level 0, and what each level takes away


def write_runs(folder: Path | str) -> list[Path]:
    """Write both runs below a folder, whatever was there of them; returns their paths."""
    return [_write(Path(folder) / name, name) for name in _SKILL]


def problems() -> list[tuple[Problem, str]]:
    """The problems, each with the code that solves it."""
    made = []
    for number in range(24):
        level, kind = number % 5 + 1, _TYPES[number % 3]
        a, b = 7 * number + 12, level + 2
        if kind == "Algebra":
            text, code = f"Solve ${b}x - {a} = {b * a - a}$ for $x$.", f"print(({b * a - a} + {a}) // {b})"
            gold = a
        elif kind == "Number Theory":
            text, code = (
                f"What is the greatest common divisor of {6 * a} and {4 * b}?",
                f"import math\nprint(math.gcd({6 * a}, {4 * b}))",
            )
            gold = math.gcd(6 * a, 4 * b)
        else:
            text, code = (
                f"In how many ways can {b} of {a} people be chosen?",
                f"import math\nprint(math.comb({a}, {b}))",
            )
            gold = math.comb(a, b)
        made.append((Problem(f"p{number:02}", text, str(gold), level=str(level), kind=kind), code))
    return made


def _write(folder: Path, name: str) -> Path:
    dice = random.Random(name)
    traces, rows = [], []
    for problem, code in problems():
        answers: list[str] = []
        for sample in range(SAMPLES):
            trace = _solve(problem, sample, code, name, dice)
            cluster = None
            if trace.answer is not None:
                answers += [] if trace.answer in answers else [trace.answer]
                cluster = answers.index(trace.answer)
            traces.append(trace)
            rows.append(row_of(trace, problem, sample, None, cluster=cluster))
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "data": {"name": "sample", "problems": len(problems())},
        "samples": SAMPLES,
        "stop": None,
        "model": name,
        "sampling": {"temperature": 0.7},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "traces.jsonl").write_text("".join(trace.model_dump_json() + "\n" for trace in traces))
    (folder / "results.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in rows))
    return folder


def _solve(problem: Problem, sample: int, code: str, name: str, dice: random.Random) -> Trace:
    """One solve: right with a chance that falls with the level; some begin with an error, some never answer."""
    level, (best, slope) = int(problem.level or 1), _SKILL[name]
    right = dice.random() < best - slope * (level - 1)
    lost = not right and dice.random() < 0.25
    said = problem.gold if right else str(int(problem.gold or 0) + dice.choice((1, 1, 2, level)))
    events: list[Event] = [
        Started(ModelInfo(name, 4096, "sample", True), (Message("user", problem.text),), 4096)
    ]
    blocks = 0
    if dice.random() < 0.15 * level:
        events.append(Text("I begin with a program.\n", "", "text"))
        wrong = code.replace("import math\n", "")
        if wrong != code:
            error = CellError(
                "NameError",
                "name 'math' is not defined",
                "Traceback (most recent call last):\nNameError: name 'math' is not defined",
            )
            result = CellResult("error", error=error, seconds=0.02)
            events += _block(blocks, wrong, result, f"NameError: {error.value}")
            blocks += 1
    if not lost:
        shown = code if right else f"{code.rpartition(chr(10))[0]}\nprint({said})".strip()
        events.append(Text("I compute it.\n", "", "text"))
        result = CellResult("ok", stdout=f"{said}\n", seconds=round(dice.uniform(0.01, 0.2), 3))
        events += _block(blocks, shown, result, str(said))
    tokens = round(dice.lognormvariate(4.6 + 0.2 * level, 0.3))
    events.append(Request(TokenUsage(180, tokens, 96), tokens / 60, 0.05, "stop", None))
    if lost:
        events += [Text("Let me think again. " * 20, "", "text"), Finish("token_limit", "8192 tokens")]
    else:
        events += [Text(f"So the answer is $\\boxed{{{said}}}$.", "", "text"), Answer(str(said))]
        events.append(Finish("answer", "the model ended its reply"))
    recorder = Recorder(
        problem=ProblemRecord(
            id=problem.id, text=problem.text, source="sample", level=problem.level, kind=problem.kind
        ),
        endpoint="made by notebooks/sample_run.py",
        demo=True,
        prompt=("tir", "0" * 64),
        mode="tir",
        protocol="markdown",
        sampling=Sampling(temperature=0.7),
        limits=Limits(),
        sandbox=None,
        versions={},
    )
    for event in events:
        recorder.take(event)
    recorder.grade = GradeRecord(
        verdict="correct" if right else "wrong", gold=problem.gold or "", detail="", seconds=0.0
    )
    trace = recorder.trace()
    seconds = round(trace.usage.model_seconds + trace.usage.kernel_seconds, 3)
    return trace.model_copy(
        update={"id": f"{name}-{problem.id}-{sample}", "sample": sample, "seconds": seconds}
    )


def _block(index: int, code: str, result: CellResult, shown: str) -> list[Event]:
    return [
        CodeBlock(index, code, f"```python\n{code}\n```\n", ""),
        Execution(index, result, shown, f"```output\n{shown}\n```\n"),
    ]
