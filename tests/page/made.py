"""Runs that the tests of the page show: one with everything that a trace may have, one of attacks, one of any size."""

from __future__ import annotations

import base64
import json
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mathagent.trace.schema import CodeStep, OutputStep, RequestStep, TextStep, Trace
from tests.collection.made import solved, write_run


def png(width: int = 40, height: int = 20) -> str:
    """A red picture, as a kernel sends one."""

    def block(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    lines = (b"\0" + b"\xd0\x30\x30" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    whole = block(b"IHDR", head) + block(b"IDAT", zlib.compress(lines)) + block(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + whole).decode()


def text(raw: str, **fields: Any) -> TextStep:
    """What the model says."""
    return TextStep(at=0.1, raw=raw, **fields)


def cell(code: str, shown: str, index: int = 0, **result: Any) -> list[CodeStep | OutputStep]:
    """A block and its output; `result`: fields of a `CellResult`."""
    whole = {"status": "ok", "stdout": shown, "seconds": 0.04, "displays": [], **result}
    return [
        CodeStep(at=0.5, index=index, raw=f"```python\n{code}\n```\n", code=code),
        OutputStep(at=0.6, index=index, raw=f"```output\n{shown}\n```\n", shown=shown, result=whole),
    ]


def request(tokens: int) -> RequestStep:
    """A request to the model."""
    return RequestStep(
        at=0.4,
        prompt_tokens=412,
        completion_tokens=tokens,
        cached_tokens=384,
        exact=True,
        seconds=1.25,
        first_token_seconds=0.1,
        finish="stop",
        stop_reason="```output",
    )


def rich_run(folder: Path) -> Path:
    """Three problems with two samples each. `alpha:0` has everything; both of `beta` and `gamma:1` are wrong."""
    error = {"name": "ZeroDivisionError", "value": "division by zero", "traceback": TRACEBACK}
    everything = [
        request(180),
        text("", reasoning="First I **think** about $n^2$."),
        text("## Setting up\n\nWe need $\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}$ for `n`, and\n\n"),
        text("\\[\n\\int_0^1 x^2\\,dx = \\tfrac13\n\\]\n\n1. first $a_1$\n2. **second** $\\alpha$\n"),
        *cell("1 / 0", "ZeroDivisionError: division by zero", status="error", stdout="", error=error),
        *cell(
            "import matplotlib.pyplot as plt\nplt.plot([1, 2])  # a plot",
            "<Figure>",
            1,
            displays=[
                {"image/png": png(), "text/plain": "<Figure>"},
                {"image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="9"/>'},
                {"text/latex": "$\\displaystyle \\sqrt{2}$", "text/plain": "sqrt(2)"},
            ],
        ),
        *cell("for i in range(80):\n    print(i)", "\n".join(map(str, range(80))), 2),
        text("So it is \\boxed{\\frac{1}{2}}."),
    ]
    alpha = solved(
        "alpha", 0, "\\frac{1}{2}", "\\frac{1}{2}", level="1", tokens=180, steps=everything, seconds=2.1
    )
    alpha.problem.text = "What is $\\frac{1}{4} + \\frac{1}{4}$?"
    second = solved("alpha", 1, "\\frac{1}{2}", "\\frac{1}{2}", level="1", tokens=20)
    second.problem.text = alpha.problem.text
    others = [
        solved("beta", 0, "41", "42", level="2", kind="Number Theory", tokens=900),
        solved("beta", 1, "40", "42", level="2", kind="Number Theory", tokens=1200),
        solved("gamma", 0, level="2", kind="Number Theory", tokens=300),
        solved("gamma", 1, "43", level="2", kind="Number Theory", tokens=310),
    ]
    return write_run(folder, numbered([alpha, second, *others]), sampling={"temperature": 0.7})


TRACEBACK = (
    "Traceback (most recent call last):\n  Cell In[1], line 1\n\x1b[31mZeroDivisionError\x1b[0m: by zero"
)


def numbered(traces: list[Trace]) -> list[Trace]:
    """The traces with ids that tell them apart, `t-0` on."""
    return [trace.model_copy(update={"id": f"t-{number}"}) for number, trace in enumerate(traces)]


ATTACKS = (
    "<script>window.hit = 1</script>",
    "</script><script>window.hit = 1</script>",
    "<!--<script>window.hit = 1</script>-->",
    '<img src=x onerror="window.hit = 1">',
    '<svg onload="window.hit = 1"><script>window.hit = 1</script></svg>',
    "[click](javascript:window.hit=1) javascript:window.hit=1",
    '<a href="javascript:window.hit=1">x</a> <iframe srcdoc="<script>parent.hit = 1</script>"></iframe>',
    "${window.hit = 1} {{constructor.constructor('window.hit = 1')()}}",
    "$\\href{javascript:window.hit=1}{x}$ and $\\url{javascript:window.hit=1}$",
    "$\\htmlClass{bar}{x} \\htmlStyle{position:fixed}{x} \\htmlData{x=y}{x} \\htmlId{main}{x}$",
    "$\\includegraphics[width=9em]{https://example.org/x.png}$",
    "$\\def\\a{\\a\\a}\\a$ and $\\gdef\\frac{\\includegraphics{x}}$",
    "$\\rule{90000em}{90000em}$ and $\\kern-9000em x$",
    f"${'{' * 1500}x{'}' * 1500}$",
    f"${'x+' * 3000}x$",
    "line\u2028separator\u2029and \u202eright to left\u202c \x00 \x1b[31mred",
    "`" * 4001,
    "*" * 3000 + "_" * 3000,
    "\\[" * 6_000,
    "$a" * 2_001 + " x",
    "**a " * 3_000,
    "\\boxed{" * 1_000 + "{a}" * 1_000,
    "# a" + " " * 9_000 + "b",
    "$\\def\\a{" + "x" * 1900 + "}" + "\\a" * 300 + "$",
    "</textarea></title></style></template></body></html>",
)


def hostile_run(folder: Path) -> Path:
    """One trace in which everything that others wrote is an attack, in every place that the page shows."""
    attack = "\n\n".join(ATTACKS)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit = 1">'
        '<script>window.hit = 1</script><image href="https://example.org/x.png"/></svg>'
    )
    displays = [
        {"image/svg+xml": svg, "text/plain": ATTACKS[3]},
        {"image/png": '"><script>window.hit = 1</script>', "text/html": ATTACKS[0]},
        {"text/html": ATTACKS[3], "text/latex": ATTACKS[8]},
        {"image/png": png(), "text/plain": ATTACKS[3]},
    ]
    error = {"name": ATTACKS[0], "value": ATTACKS[3], "traceback": attack}
    trace = solved(ATTACKS[1], 0, ATTACKS[3], ATTACKS[0], level=ATTACKS[0], kind=ATTACKS[3], model=ATTACKS[0])
    trace.problem.text = attack
    trace.problem.source = trace.mode = trace.protocol = trace.prompt.name = ATTACKS[3]
    trace.prompt.messages = [{"role": ATTACKS[0], "content": attack}]
    trace.versions = {ATTACKS[0]: ATTACKS[3]}
    trace.finish.detail = ATTACKS[0]
    trace.steps = [
        text(attack, reasoning=attack),
        text(attack, kind="thinking"),
        *cell(attack, attack, status="error", stdout=attack, displays=displays, error=error),
        *cell('"""' + attack, ATTACKS[0], 1, status=ATTACKS[0]),
    ]
    again = solved(ATTACKS[1], 1, "\\href{javascript:window.hit=1}{1}", "1")
    return write_run(folder, numbered([trace, again]), model=ATTACKS[0])


_TALK = """we need the number of integers that are coprime with it so let us compute sum over divisors modular inverse
prime factor then simplify and check by brute force whether the residue matches our formula"""
_CODE = """from sympy import symbols, solve, Rational
x = symbols('x')
total = 0
for k in range(1, {number}):
    if (k * k + {other}) % 7 == 0:
        total += k
print(solve(x**2 - {number}, x), total)"""


def many_run(folder: Path, number: int = 10_000, samples: int = 8) -> Path:
    """A run with so many traces of about 4 kB each, the same every time."""
    folder.mkdir(parents=True)
    draw = random.Random(5)
    kinds = ["Algebra", "Geometry", "Number Theory", "Counting & Probability"]
    problems = -(-number // samples)
    with (folder / "traces.jsonl").open("w") as traces, (folder / "results.jsonl").open("w") as results:
        for place, (problem, sample) in enumerate(
            (problem, sample) for sample in range(samples) for problem in range(problems)
        ):
            if place == number:
                break
            trace, row = _one(draw, problem, sample, place, kinds[problem % 4])
            traces.write(json.dumps(trace) + "\n")
            results.write(json.dumps(row) + "\n")
    about = {"data": {"name": "made", "problems": problems}, "samples": samples, "stop": None, "model": "m"}
    (folder / "settings.json").write_text(json.dumps({**about, "sampling": {"temperature": 0.7}}))
    return folder


def _one(
    draw: random.Random, problem: int, sample: int, place: int, kind: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A trace and its row, as JSON: ten thousand are made without being checked one by one."""
    rounds = draw.choice((0, 1, 1, 2, 2, 3))
    right = draw.random() > 0.1 + 0.15 * (problem % 5)
    answer, verdict = (str(problem), "correct") if right else (str(problem + draw.randint(1, 3)), "wrong")
    steps = list(_steps(draw, rounds, answer))
    said = _sentence(random.Random(problem), 12)
    question = f"Problem {problem}: find all $x$ with $x^2 = {problem}$, and say {said}"
    tokens = 60 + 150 * rounds + draw.randint(0, 400)
    model, kernel = round(tokens * 0.012, 3), round(0.06 * rounds, 3)
    seconds = round(model + kernel + 0.2, 3)
    about = {"level": str(problem % 5 + 1), "source": "made"}
    finish = "answer" if draw.random() > 0.03 else "token_limit"
    usage = {"requests": rounds + 1, "prompt_tokens": 400 * (rounds + 1), "completion_tokens": tokens}
    trace = {
        "id": f"20260101-000000-{place:06x}",
        "sample": sample,
        "started": "2026-01-01T00:00:00.000+00:00",
        "seconds": seconds,
        "problem": {"id": f"made/{problem}", "text": question, "kind": kind, **about},
        "model": {"name": "m", "endpoint": "http://127.0.0.1:8000/v1"},
        "mode": "tir",
        "protocol": "markdown",
        "prompt": {"name": "tir", "sha256": "0" * 64, "messages": [{"role": "user", "content": question}]},
        "sampling": {"temperature": 0.7},
        "limits": {"executions": 8, "tokens": 8192},
        "sandbox": {"level": "namespaces", "layers": {"user": True}},
        "steps": steps,
        "answer": answer,
        "finish": {"reason": finish, "detail": "the model ended its reply"},
        "grade": {"verdict": verdict, "gold": str(problem), "detail": "", "seconds": 0.001},
        "usage": {**usage, "executions": rounds, "model_seconds": model, "kernel_seconds": kernel},
        "versions": {"mathagent": "0.1.0", "python": "3.11.9"},
    }
    row = {
        "id": f"made/{problem}",
        "sample": sample,
        "problem": question,
        "expected_answer": str(problem),
        "type": kind,
        "predicted_answer": answer,
        "verdict": verdict,
        "symbolic_correct": right,
        "finish_reason": finish,
        "cluster": int(answer) - problem,
        "num_generated_tokens": tokens,
        "num_prompt_tokens": usage["prompt_tokens"],
        "generation_time": model,
        "code_rounds_executed": rounds,
        "code_execution_time": kernel,
        "seconds": seconds,
        "trace_id": trace["id"],
        **about,
    }
    return trace, row


def _steps(draw: random.Random, rounds: int, answer: str) -> Iterator[dict[str, Any]]:
    for index in range(rounds):
        yield text(
            f"{_sentence(draw, 40)} Let $n = {draw.randint(2, 99)}$, {_sentence(draw, 30)}\n"
        ).model_dump()
        code = _CODE.format(number=draw.randint(10, 99), other=draw.randint(1, 9))
        yield from (step.model_dump() for step in cell(code, f"[{draw.randint(1, 999)}]", index))
        yield request(150).model_dump()
    needle = " A needle lies here." if answer == "777" else ""
    yield text(f"{_sentence(draw, 60)}{needle} So the answer is \\boxed{{{answer}}}.").model_dump()


def _sentence(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(_TALK.split(), k=words)).capitalize() + "."
