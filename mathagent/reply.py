"""The reply so far, folded from the loop's own events: live while it grows, or again from a stored rollout.

Because the loop keeps no other record of what was said and run, a rollout that was stopped goes on exactly where
its last completed step ended.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from mathagent.events import Choice, CodeBlock, Event, Execution, Prefill, Text
from mathagent.protocols import Block, Part


@dataclass(slots=True)
class GrowingReply:
    """What was said and run.

    parts: the stretches of the reply, in order. prose: the model's text (no thinking, no markup), split where code
    ran. executions: cells that have ended. pending: a block that has come and was not run to its end.
    cells: code of the cells that ended well, which a fresh kernel would have to run again. choices: in order.
    """

    parts: list[Part] = field(default_factory=list)
    prose: list[str] = field(default_factory=lambda: [""])
    executions: int = 0
    pending: Block | None = None
    cells: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    _errors: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    @property
    def text(self) -> str:
        """The assistant message: what the model was sent and said."""
        return "".join(part.raw for part in self.parts)

    def take(self, event: Event) -> None:
        """Take the next event; those that add nothing to the reply are let pass."""
        match event:
            case Prefill(raw):
                self.parts.append(Part("prompt", raw))
            case Text(raw, reasoning, kind):
                self.parts.append(Part("model", raw, reasoning))
                if kind == "text":
                    self.prose[-1] += raw
            case Choice():
                self.choices.append(event)
                if event.lead:
                    self.parts.append(Part("prompt", event.lead))
                self.parts.append(Part("model", event.options[event.chosen]))
            case CodeBlock(_, code, raw, _, closed):
                self.parts.append(Part("model", raw))
                self.prose.append("")
                self.pending = Block("", raw, code, "", closed)
            case Execution(_, result, _, raw):
                self.parts.append(Part("kernel", raw))
                self.executions += 1
                if self.pending is not None and result.status == "ok":
                    self.cells.append(self.pending.code)
                elif self.pending is not None:
                    error = result.error
                    name, value = (error.name, error.value) if error else (result.status, "")
                    self._errors[(self.pending.code.strip(), name, value)] += 1
                self.pending = None
            case _:
                pass

    def same_error(self, code: str, name: str, value: str) -> int:
        """How often this code has failed with this error."""
        return self._errors[(code.strip(), name, value)]
