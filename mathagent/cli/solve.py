"""`mathagent solve`: one problem, end to end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from mathagent.cli import options
from mathagent.cli.dry_run import dry_run
from mathagent.cli.failures import Exit, complain, console, notice, told
from mathagent.cli.interrupts import interruptible
from mathagent.cli.machine import write_json
from mathagent.cli.options import Display
from mathagent.errors import TraceError, UsageError
from mathagent.events import Event
from mathagent.executor import KernelExecutor
from mathagent.grading import Grader
from mathagent.limits import Limits
from mathagent.serving import DEMO_NOTICE
from mathagent.session import open_session
from mathagent.settings import Settings
from mathagent.shown import clean
from mathagent.trace import Recorder, Trace, append, default_file
from mathagent.trace.schema import FailureStep, GradeRecord, ProblemRecord
from mathagent.types import Sampling
from mathagent.views import parts
from mathagent.views.live import LiveView
from mathagent.views.plain import PlainView

_DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class _Output:
    """Where the result goes: one JSON object, or a view; and the trace file, if one is written."""

    as_json: bool
    display: Display
    trace: Path | None


def solve(
    problem: Annotated[
        str | None, typer.Argument(help="The problem; - or nothing reads standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the problem from a file.")] = None,
    answer: Annotated[
        str | None,
        typer.Option("--answer", "-a", help="The right answer: say whether the model's is equivalent."),
    ] = None,
    base_url: options.BaseUrl = None,
    api_key: options.ApiKey = None,
    model: options.Model = None,
    mode: options.ModeOption = options.Mode.tir,
    language: options.LanguageOption = options.Language.en,
    prompt: options.PromptOption = None,
    protocol: options.ProtocolOption = None,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    top_k: options.TopK = None,
    min_p: options.MinP = None,
    seed: options.Seed = None,
    max_executions: options.MaxExecutions = None,
    max_tokens: options.MaxTokens = None,
    context: options.Context = None,
    time_limit: options.TimeLimit = _DEFAULT.seconds,
    cell_timeout: options.CellTimeout = _DEFAULT.cell_seconds,
    max_repeats: options.MaxRepeats = _DEFAULT.repeated_errors,
    output_chars: options.OutputChars = _DEFAULT.output_chars,
    memory: options.Memory = 2048,
    isolation: options.IsolationOption = options.Isolation.namespaces,
    trace: options.TraceFile = None,
    no_trace: Annotated[bool, typer.Option("--no-trace", help="Write no trace.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Print the exact first request; send nothing, solve nothing.")
    ] = False,
    display: Annotated[
        Display,
        typer.Option(
            "--display", help="rich in a terminal; plain: the reply as text; quiet: the answer alone."
        ),
    ] = Display.auto,
) -> None:
    """Solve one problem: the model reasons, its code runs in an isolated kernel, a boxed answer comes out.

    Exit code 0 with an answer, 1 without one, 2 for wrong usage, 3 for an error, 130 when interrupted.
    """
    with told():
        chosen = options.settings(
            base_url=base_url,
            api_key=api_key,
            model=model,
            mode=mode,
            language=language,
            prompt=prompt,
            protocol=protocol,
            sampling=Sampling(temperature=temperature, top_p=top_p, top_k=top_k, min_p=min_p, seed=seed),
            limits=Limits(
                context=context,
                seconds=time_limit,
                cell_seconds=cell_timeout,
                repeated_errors=max_repeats,
                output_chars=output_chars,
            ),
            max_tokens=max_tokens,
            max_executions=max_executions,
            isolation=isolation,
            memory=memory,
        )
        if dry:
            asyncio.run(dry_run(_read(problem, file), chosen, as_json=as_json))
            raise typer.Exit
        target = None if no_trace else (trace or default_file())
        if display is Display.auto:
            display = Display.rich if sys.stdout.isatty() else Display.quiet
        output = _Output(as_json, display, target)
        gold = None if answer is None else _utf8(answer, "--answer")
        code = asyncio.run(_solve(_read(problem, file), gold, chosen, output))
    raise typer.Exit(code)


def _read(problem: str | None, file: Path | None) -> str:
    """The problem's text, from the argument, a file or standard input."""
    if problem is not None and file is not None:
        raise UsageError("a problem and --file exclude each other")
    if file is not None:
        try:
            text = _standard_input() if str(file) == "-" else file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"can't read {file}: {error}") from None
    elif problem in (None, "-"):
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError(
                "no problem given", 'mathagent solve "What is 7 * 6?", or --file, or standard input'
            )
        text = _standard_input()
    else:
        text = problem
    if not text.strip():
        raise UsageError("the problem is empty")
    return _utf8(text.strip(), "the problem")


def _standard_input() -> str:
    """All of standard input as UTF-8, whatever the locale says."""
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"standard input is not valid UTF-8 (at byte {error.start})") from None


def _utf8(text: str, what: str) -> str:
    """The text itself. Raises UsageError where the shell or a pipe handed over bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{what} is not valid UTF-8 (at character {error.start})") from None
    return text


async def _solve(problem: str, gold: str | None, settings: Settings, output: _Output) -> int:
    """Open a session, solve, grade, store, report; the exit code."""
    async with open_session(settings, notice) as session:
        if session.endpoint.demo:
            notice(DEMO_NOTICE)
        recorder = session.recorder(ProblemRecord(id="", text=problem))
        async with KernelExecutor(session.pool) as executor:
            rollout = session.rollout(session.messages(problem), executor)
            with _view(output, recorder) as view, interruptible(rollout.cancel):
                async for event in rollout.events():
                    recorder.take(event)
                    view.take(event)
    trace = recorder.trace()
    if gold is not None:
        trace.grade = await _grade(trace.answer, gold)
    try:
        if output.trace is not None:
            append(output.trace, trace)
    except TraceError:
        _report(trace, replace(output, trace=None))  # the answer is there all the same
        raise
    _report(trace, output)
    return _exit_code(trace)


async def _grade(answer: str | None, gold: str) -> GradeRecord:
    if answer is None:
        return GradeRecord(verdict="wrong", gold=gold, detail="there is no answer", seconds=0.0)
    async with Grader() as grader:
        grade = await grader.grade(answer, gold)
    return GradeRecord(verdict=grade.verdict, gold=gold, detail=grade.detail, seconds=round(grade.seconds, 4))


class _View(Protocol):
    def take(self, event: Event) -> None: ...


@contextmanager
def _view(output: _Output, recorder: Recorder) -> Iterator[_View]:
    """The view that draws the events as they come."""
    if output.as_json or output.display is Display.quiet:
        yield PlainView(StringIO())
    elif output.display is Display.plain:
        yield PlainView(sys.stdout)
    else:
        with LiveView(console(), recorder) as view:
            yield view


def _report(trace: Trace, output: _Output) -> None:
    """What stands at the end: the result on stdout, failures on stderr."""
    if output.as_json:
        write_json(_summary(trace, output.trace))
    elif output.display is Display.quiet:
        if trace.answer is not None:
            sys.stdout.write(clean(trace.answer) + "\n")
        if trace.grade is not None:
            notice(f"{trace.grade.verdict}: expected {trace.grade.gold} {trace.grade.detail}".rstrip())
    else:
        screen = console()
        if trace.grade is not None:
            screen.print(parts.grade(trace.grade))
        screen.print(parts.figures(trace.usage, trace.seconds))
        if output.trace is not None:
            notice(f"trace {trace.id} in {output.trace} (mathagent show {trace.id})")
    for step in trace.steps:
        if isinstance(step, FailureStep):
            complain(step.message, step.hint)
    if trace.answer is None and (output.as_json or output.display is Display.quiet):
        notice(f"no answer: {trace.finish.reason}: {trace.finish.detail}")


def _summary(trace: Trace, file: Path | None) -> dict[str, Any]:
    """The object that --json prints."""
    return {
        "id": trace.id,
        "problem": trace.problem.text,
        "answer": trace.answer,
        "finish": trace.finish.model_dump(),
        "grade": trace.grade.model_dump() if trace.grade else None,
        "reply": trace.reply,
        "model": trace.model.model_dump(),
        "prompt": trace.prompt.name,
        "protocol": trace.protocol,
        "mode": trace.mode,
        "usage": trace.usage.model_dump(),
        "seconds": trace.seconds,
        "sandbox": trace.sandbox.level if trace.sandbox else None,
        "trace": str(file) if file else None,
    }


def _exit_code(trace: Trace) -> int:
    if trace.answer is not None:
        return Exit.answer
    if trace.finish.reason == "cancelled":
        return Exit.interrupted
    return Exit.error if trace.finish.reason in ("model_error", "kernel_error") else Exit.no_answer
