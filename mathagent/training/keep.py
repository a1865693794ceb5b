"""Rejection sampling: what the tuned model itself solved becomes new training examples.

A trace is kept if its answer is the known one, its code calculated that answer, it ended by itself, its problem is in
no evaluation set, and no kept trace of the problem has the same code. (STaR, arXiv 2203.14465, without hints;
rejection-sampling fine-tuning, arXiv 2308.01825, whose filter by distinct calculations this is.)
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable

from mathagent.trace import Trace
from mathagent.trace.schema import CodeStep, OutputStep, PrefillStep
from mathagent.training.example import Author, Example
from mathagent.training.ledger import Ledger
from mathagent.training.numbers import NUMBER, same
from mathagent.training.overlaps import Evaluation


def kept(
    traces: Iterable[Trace], evaluation: Evaluation, ledger: Ledger, *, per_problem: int = 2
) -> list[Example]:
    """The examples that traces give, at most `per_problem` of each problem, in the order of the traces."""
    examples: list[Example] = []
    codes: defaultdict[str, set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for trace in traces:
        problem, source = trace.problem.text, trace.problem.source or "run"
        code = _calculation(trace)
        if (reason := _refused(trace)) is not None:
            ledger.drop(source, reason)
        elif (overlap := evaluation.find(problem)) is not None:
            ledger.drop(source, f"overlaps with {overlap}")
        elif code in codes[problem]:
            ledger.drop(source, "the same calculation twice")
        elif counts[problem] >= per_problem:
            ledger.drop(source, f"more than {per_problem} of a problem")
        else:
            codes[problem].add(code)
            counts[problem] += 1
            ledger.keep(source)
            examples.append(_example(trace, source))
    return examples


def _refused(trace: Trace) -> str | None:
    """Why a trace is no example, or None."""
    if trace.grade is None or trace.grade.verdict != "correct" or trace.answer is None:
        return "not known to be right"
    if trace.finish.reason != "answer":
        return "did not end by itself"
    if any(step.type == "text" and step.reasoning for step in trace.steps):
        return "has thinking that the server reported apart"
    printed = [
        step.shown
        for step in trace.steps
        if isinstance(step, OutputStep) and step.result.get("status") == "ok"
    ]
    if not any(same(number, trace.answer) for shown in printed for number in NUMBER.findall(shown)):
        return "its code did not print the answer"
    if not any(_calculates(step.code) for step in trace.steps if isinstance(step, CodeStep)):
        return "its code did not calculate"
    return None


def _calculates(code: str) -> bool:
    """Whether code does more than to print what it was told: an operation, a loop, a call beside print."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(
        isinstance(node, ast.BinOp | ast.AugAssign | ast.For | ast.While)
        or (isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id == "print"))
        for node in nodes
    )


def _calculation(trace: Trace) -> str:
    """The code of all blocks with its names numbered, so that other names make no other calculation."""
    numbers: dict[str, str] = {}
    texts = []
    for step in trace.steps:
        if isinstance(step, CodeStep):
            try:
                tree = ast.parse(step.code)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                texts.append(step.code)
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.Name):
                    node.id = numbers.setdefault(node.id, f"v{len(numbers)}")
            texts.append(ast.dump(tree))
    return "\n".join(texts)


def _example(trace: Trace, source: str) -> Example:
    reply: list[tuple[Author, str]] = []
    for step in trace.steps:
        author: Author = "model"
        if isinstance(step, PrefillStep):
            author = "prompt"
        elif isinstance(step, OutputStep):
            author = "kernel"
        if step.raw:
            reply.append((author, step.raw))
    return Example(
        id=f"{source}/{trace.problem.id}/{trace.sample}",
        source=f"kept {source}",
        problem=trace.problem.text,
        answer=trace.answer or "",
        mode="cot" if trace.mode == "cot" else "tir",
        shape="kept",
        reply=tuple(reply),
    )
