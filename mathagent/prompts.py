"""Prompt files: find them, read them, check them, render them, and give each a hash.

A prompt is a Markdown file with YAML front matter (its settings) and a Jinja body of `## system`, `## user` and
`## assistant` sections (and `## environment`, for outputs in examples of protocols that have such turns); the last
section is the user's, with `{{ problem }}` in it. A section may give its message a name: `## system name=NAME`.
Variables: `problem`, and `executions`, how many blocks may be run; and what the prompt's role is given beside the
problem (`GIVEN`), a solution to judge, say. Front matter keys: see `PromptSettings`.

The files are data in `prompts/` of the checkout, and inside of the package when installed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mathagent.choosing import Question
from mathagent.errors import UsageError
from mathagent.limits import Limits
from mathagent.loop import Task
from mathagent.roles import GIVEN, VERDICTS
from mathagent.steps import split
from mathagent.types import Message, Reward, Sampling

_SECTION = re.compile(
    r"^## (system|user|assistant|environment)(?:[ \t]+name=(\S+))?[ \t]*(?:\n|\Z)", re.MULTILINE
)
_NOTICES = "notices.yaml"
_SAMPLING = {each.name for each in fields(Sampling)} - {"extra"}


class PromptSettings(BaseModel):
    """The front matter of a prompt file. An unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    role: str = "solve"
    """What the model is asked to be: a key of `GIVEN`."""
    mode: Literal["tir", "cot"] = "tir"
    """tir: tool-integrated reasoning, code is run; cot: chain-of-thought, text only."""
    language: Literal["en", "zh"] = "en"
    """The language it is written in. The prompt NAME-zh is NAME in Chinese: see `in_language`."""
    protocol: str = "markdown"
    models: tuple[str, ...] = ()
    """Patterns of model names (case does not matter) that this prompt is the default for; "*" fits any."""
    prefill: str = ""
    """Text that the reply starts with."""
    stop: tuple[str, ...] = ()
    """Stop strings that end the reply."""
    sampling: Mapping[str, float | int] = Field(default_factory=dict)
    """Sampling that the model's authors recommend; flags overrule it."""
    tokens: int | None = None
    """Tokens that a reply may have in all, where the general default does not fit; a flag overrules it."""
    executions: int | None = Field(default=None, ge=0)
    """Blocks that may be run, where the model was trained with another number; a flag overrules it."""
    last_execution: str | None = None
    """What the model is told with the output of the last execution that it may use; None: the general notice."""
    lead: str = ""
    """Text that a verdict follows, a template too: `step` is the number of the step that is judged, from 1."""
    options: tuple[str, ...] = ()
    """What a verdict may be, in the order of the role's `VERDICTS`; the reply ends in one of them."""
    reasoning: bool = False
    """Whether the model writes (and runs code) before a verdict, or only decides."""
    reward: Literal["classify", "token_classify"] | None = None
    """The task of vLLM's pooling endpoints by which a reward model judges the messages; then nothing is written."""
    step_tag: int | None = None
    """The id of the token at which a process reward model judges the step before it, one for each step."""
    source: str = ""
    """Where the texts come from."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file that has been read and checked.

    sha256: of the file's bytes. sections: (role, name or None, Jinja template) in order, the user's last.
    """

    settings: PromptSettings
    path: Path
    text: str
    sha256: str
    sections: tuple[tuple[str, str | None, str], ...]

    @property
    def name(self) -> str:
        """The name that users type."""
        return self.settings.name

    def messages(
        self,
        problem: str,
        given: Mapping[str, str] | None = None,
        *,
        executions: int = Limits().executions,
    ) -> tuple[Message, ...]:
        """The chat messages for a problem, and for what the role is given beside it (`GIVEN`).

        All of it enters as values: braces in it mean nothing. Raises UsageError for a variable that is not given.
        """
        values: dict[str, Any] = {"problem": problem.strip(), "executions": executions, **(given or {})}
        if "solution" in values:
            values["steps"] = split(values["solution"])
        try:
            return tuple(
                Message(role, _template(template).render(values), name)
                for role, name, template in self.sections
            )
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise UsageError(
                f"{self.path}: {error}",
                "a prompt may use the variables "
                + ", ".join(("problem", "executions", *GIVEN[self.settings.role])),
            ) from None

    def questions(self, given: Mapping[str, str]) -> tuple[Question, ...]:
        """The verdicts that are wanted of a role that decides: one for each step of a solution, else one; or none."""
        settings = self.settings
        if not settings.options:
            return ()
        names = VERDICTS[settings.role]
        count = int(given["count"]) if settings.role == "select" else len(settings.options)
        if count > len(settings.options):
            raise UsageError(
                f"{self.path}: {count} solutions to choose from, and {len(settings.options)} options"
            )
        steps = len(split(given["solution"])) if settings.role == "process" else 1
        return tuple(
            Question(_template(settings.lead).render(step=step), settings.options[:count], names[:count])
            for step in range(1, steps + 1)
        )

    def task(
        self, messages: tuple[Message, ...], sampling: Sampling, given: Mapping[str, str] | None = None
    ) -> Task:
        """What the loop is asked, with these messages, what they were given, and the settings of this prompt."""
        last = self.settings.last_execution
        return Task(
            messages=messages,
            prefill=self.settings.prefill,
            stop=self.settings.stop,
            last_execution=_notices()["last_execution"] if last is None else last,
            sampling=sampling,
            questions=self.questions(given or {}),
            writes=self.settings.reasoning or not self.settings.options,
            reward=None
            if self.settings.reward is None
            else Reward(self.settings.reward, self.settings.step_tag),
        )


def prompts_folder() -> Path:
    """The folder of the prompts that come with mathagent."""
    installed = Path(__file__).parent / "_prompts"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "prompts"


@cache
def prompts() -> dict[str, Prompt]:
    """All prompts that come with mathagent, by name."""
    found = (read_prompt(path) for path in sorted(prompts_folder().glob("*.md")) if path.name != "README.md")
    return {prompt.name: prompt for prompt in found}


def find_prompt(name_or_path: str) -> Prompt:
    """A prompt by name, or a user's own file by path. Raises UsageError, naming the known ones."""
    if name_or_path in prompts():
        return prompts()[name_or_path]
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return read_prompt(path)
    known = ", ".join(prompts())
    raise UsageError(f"no prompt and no file is called {name_or_path!r}", f"known prompts: {known}")


def in_language(prompt: Prompt, language: str) -> Prompt:
    """The same prompt in another language; itself where there is none, as for models that were trained with it."""
    if prompt.settings.language == language:
        return prompt
    name = prompt.name.removesuffix(f"-{prompt.settings.language}")
    found = prompts().get(name if language == "en" else f"{name}-{language}")
    return found if found is not None and found.settings.language == language else prompt


def read_prompt(path: Path) -> Prompt:
    """Read and check a prompt file. Raises UsageError with the file and what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read the prompt file {path}: {error}") from None
    front, body = _split(path, text)
    try:
        settings = PromptSettings.model_validate(front)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if settings.role not in GIVEN:
        raise UsageError(f"{path}: role: unknown role {settings.role}", f"known: {', '.join(GIVEN)}")
    if unknown := settings.sampling.keys() - _SAMPLING:
        raise UsageError(
            f"{path}: sampling: unknown setting {min(unknown)}", f"known: {', '.join(sorted(_SAMPLING))}"
        )
    pieces = _SECTION.split(body)
    sections = tuple(
        (role, name, content.strip("\n"))
        for role, name, content in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True)
    )
    last = "user" if settings.reward is None else "assistant"
    if not sections or sections[-1][0] != last or not any("problem" in text for _, _, text in sections):
        raise UsageError(
            f"{path}: the last section must be '## {last}', and {{{{ problem }}}} must be in one"
        )
    _check_verdict(path, settings)
    return Prompt(settings, path, text, hashlib.sha256(text.encode()).hexdigest(), sections)


def _check_verdict(path: Path, settings: PromptSettings) -> None:
    """A role that decides has its options, another one none."""
    known, options = VERDICTS.get(settings.role), settings.options
    if known is None:
        if options or settings.lead or settings.reasoning or settings.reward:
            raise UsageError(f"{path}: the role {settings.role} ends in no verdict: it has no options")
    elif not 2 <= len(options) <= len(known) or (settings.role != "select" and len(options) != len(known)):
        wanted = "2 to 26" if settings.role == "select" else f"2 ({' and '.join(known)}, in this order)"
        raise UsageError(f"{path}: options: the role {settings.role} needs {wanted}")
    elif not all(option.strip() for option in options) or len(set(options)) < len(options):
        raise UsageError(f"{path}: options: each must say something of its own")


def _split(path: Path, text: str) -> tuple[dict[str, Any], str]:
    match = re.match(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL)
    if match is None:
        raise UsageError(f"{path}: a prompt file begins with front matter between two lines of ---")
    try:
        front = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: front matter: {' '.join(str(error).split())}") from None
    if not isinstance(front, dict):
        raise UsageError(f"{path}: front matter: a mapping is needed")
    return front, match[2]


@cache
def _template(text: str) -> Template:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    return environment.from_string(text)


@cache
def _notices() -> dict[str, str]:
    notices: dict[str, str] = yaml.safe_load((prompts_folder() / _NOTICES).read_text(encoding="utf-8"))
    return notices
