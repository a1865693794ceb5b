"""`mathagent chat`: an interactive session over one kernel."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from kernels_sandbox import SandboxError
from mathagent.cli import options
from mathagent.cli.failures import complain, console, notice, told
from mathagent.cli.interrupts import interruptible
from mathagent.conversation import Conversation
from mathagent.errors import MathAgentError, UsageError
from mathagent.executor import KernelExecutor
from mathagent.home import home
from mathagent.limits import Limits
from mathagent.serving import DEMO_NOTICE
from mathagent.session import open_session
from mathagent.settings import Settings
from mathagent.trace import append, default_file
from mathagent.trace.schema import FailureStep
from mathagent.types import Sampling
from mathagent.views import parts
from mathagent.views.live import LiveView
from mathagent.views.plain import PlainView

_DEFAULT = Limits()


def chat(
    base_url: options.BaseUrl = None,
    api_key: options.ApiKey = None,
    model: options.Model = None,
    mode: options.ModeOption = options.Mode.tir,
    language: options.LanguageOption = options.Language.en,
    prompt: options.PromptOption = None,
    protocol: options.ProtocolOption = None,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    seed: options.Seed = None,
    max_executions: options.MaxExecutions = None,
    max_tokens: options.MaxTokens = None,
    time_limit: options.TimeLimit = _DEFAULT.seconds,
    cell_timeout: options.CellTimeout = _DEFAULT.cell_seconds,
    memory: options.Memory = 2048,
    isolation: options.IsolationOption = options.Isolation.namespaces,
    trace: options.TraceFile = None,
) -> None:
    """Talk with the model: problems and follow-ups, the kernel keeps its variables. /help lists the commands.

    Ctrl-C stops the running cell or the generation, never the session; Ctrl-D leaves it.
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
            sampling=Sampling(temperature=temperature, top_p=top_p, seed=seed),
            limits=Limits(seconds=time_limit, cell_seconds=cell_timeout),
            max_tokens=max_tokens,
            max_executions=max_executions,
            isolation=isolation,
            memory=memory,
        )
        asyncio.run(_chat(chosen, trace or default_file()))


async def _chat(settings: Settings, trace_file: Path) -> None:
    chat = _Chat(settings, trace_file)
    async with AsyncExitStack() as stack:
        await chat.open(stack)
        while (line := await chat.read()) is not None:
            try:
                if line.startswith("/"):
                    if not await chat.command(line):
                        break
                elif line:
                    await chat.ask(line)
            except (MathAgentError, SandboxError) as error:
                complain(error.message, error.hint)


class _Chat:
    """The session at the keyboard: reads lines, runs slash commands, shows replies."""

    def __init__(self, settings: Settings, trace_file: Path) -> None:
        self._settings = settings
        self._trace_file = trace_file
        self._screen = console()
        self._read_line = _line_reader()
        self._commands: dict[str, tuple[str, str, Callable[[str], Awaitable[None]]]] = {
            "/help": ("", "this list", self._help),
            "/reset": ("", "forget everything, the kernel's variables too", self._reset),
            "/undo": ("", "take back the last exchange", self._undo),
            "/code": ("", "all code of this session that ran", self._code),
            "/save": ("FILE", "write the session: .py its code, anything else Markdown", self._save),
            "/limits": ("[NAME VALUE]", "show the limits, or set one", self._limits),
            "/model": ("[NAME]", "show the model, or go on with another one of the endpoint", self._model),
            "/quit": ("", "leave (Ctrl-D does too)", self._help),
        }

    async def open(self, stack: AsyncExitStack) -> None:
        """Open the session and its kernel for as long as `stack` is open."""
        self._stack = stack
        session = await stack.enter_async_context(open_session(self._settings, notice))
        executor = await stack.enter_async_context(KernelExecutor(session.pool))
        self._conversation = Conversation(session, executor)
        if session.endpoint.demo:
            notice(DEMO_NOTICE)
        notice(f"{session.info.id} at {session.endpoint.base_url} · /help lists the commands, Ctrl-D leaves")

    async def read(self) -> str | None:
        """The next line; None at the end of input."""
        while True:
            try:
                return (await self._read_line("> ")).strip()
            except KeyboardInterrupt:
                continue  # at the prompt, Ctrl-C clears the line
            except EOFError:
                return None

    async def command(self, line: str) -> bool:
        """Run a slash command; false if it ends the session."""
        name, _, rest = line.partition(" ")
        if name in ("/quit", "/exit"):
            return False
        if name not in self._commands:
            raise UsageError(f"unknown command {name}", f"known: {', '.join(self._commands)}")
        await self._commands[name][2](rest.strip())
        return True

    async def ask(self, question: str) -> None:
        """Put a question to the model and show the reply as it comes."""
        rollout, recorder = self._conversation.ask(question)
        with interruptible(rollout.cancel, second_ends=False):
            if self._screen.is_terminal:
                with LiveView(self._screen, recorder) as view:
                    async for event in rollout.events():
                        recorder.take(event)
                        view.take(event)
            else:
                plain = PlainView(sys.stdout)
                async for event in rollout.events():
                    recorder.take(event)
                    plain.take(event)
        trace = recorder.trace()
        for step in trace.steps:
            if isinstance(step, FailureStep):
                complain(step.message, step.hint)
        if self._screen.is_terminal:
            self._screen.print(parts.figures(trace.usage, trace.seconds))
        self._conversation.keep(question, trace)
        append(self._trace_file, trace)

    async def _help(self, _: str) -> None:
        table = Table.grid(padding=(0, 2))
        for name, (arguments, text, _run) in self._commands.items():
            table.add_row(Text(f"{name} {arguments}".strip()), Text(text, style="dim"))
        self._screen.print(table)

    async def _reset(self, _: str) -> None:
        await self._conversation.reset()
        notice("forgotten; the next question gets a fresh kernel")

    async def _undo(self, _: str) -> None:
        with interruptible(self._conversation.executor.interrupt, second_ends=False):
            exchange, restored, lost = await self._conversation.undo()
        if exchange is None:
            raise UsageError("there is nothing to take back")
        state = ""
        if exchange.ran:
            state = f"; in a fresh kernel, {restored} of {restored + lost} earlier cells ran again"
        notice(f"taken back: {exchange.question}{state}")

    async def _code(self, _: str) -> None:
        source = self._conversation.code()
        if not source:
            raise UsageError("no code has run yet")
        if self._screen.is_terminal:
            self._screen.print(parts.code(source, 0))
        else:
            sys.stdout.write(source + "\n")

    async def _save(self, name: str) -> None:
        if not name:
            raise UsageError("/save needs a file name")
        as_script = name.endswith(".py")
        text = self._conversation.code() if as_script else self._conversation.markdown()
        path = _write(name, text + "\n")
        notice(f"saved to {path}")

    async def _limits(self, words: str) -> None:
        session = self._conversation.session
        known = {each.name: getattr(session.limits, each.name) for each in fields(Limits)}
        if not words:
            table = Table.grid(padding=(0, 2))
            for name, value in known.items():
                table.add_row(Text(name), Text("what the server says" if value is None else f"{value:g}"))
            self._screen.print(table)
            return
        name, _, value = words.partition(" ")
        if name not in known:
            raise UsageError(f"unknown limit {name}", f"known: {', '.join(known)}")
        try:
            number = float(value) if name in ("seconds", "cell_seconds") else int(value)
        except ValueError:
            raise UsageError(f"{name} needs a number, not {value!r}") from None
        if not (0 if name == "executions" else 1) <= number < math.inf:
            raise UsageError(f"{name} can't be {value}")
        changed: dict[str, Any] = {name: number}
        session.limits = replace(session.limits, **changed)
        notice(f"{name} {number:g}")

    async def _model(self, name: str) -> None:
        session = self._conversation.session
        if name:
            await session.use_model(name)
        notice(f"{session.info.id} at {session.endpoint.base_url}, prompt {session.prompt.name}")


def _write(name: str, text: str) -> Path:
    path = Path(name).expanduser()
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"can't write {path}: {error.strerror}") from None
    return path


def _line_reader() -> Callable[[str], Awaitable[str]]:
    """Lines with history and editing at a terminal; plain lines from a pipe."""
    if not sys.stdin.isatty():

        async def from_pipe(_: str) -> str:
            line: str = await asyncio.to_thread(sys.stdin.readline)
            if not line:
                raise EOFError
            return line

        return from_pipe
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory

    home().mkdir(parents=True, exist_ok=True)
    session: PromptSession[str] = PromptSession(history=FileHistory(home() / "chat_history"))

    async def from_terminal(prompt: str) -> str:
        line: str = await session.prompt_async(prompt)
        return line

    return from_terminal
