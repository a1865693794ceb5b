"""From a trace to the cells of a notebook: what was asked, what the model said, what it ran, how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kernels_sandbox import CellResult
from kernels_sandbox.result import STATUSES
from mathagent.notebook.markdown import code_span, fenced, formula, safe_markdown
from mathagent.notebook.outputs import outputs_of, remarks, whole
from mathagent.shown import clean
from mathagent.trace.schema import ChoiceStep, CodeStep, FailureStep, OutputStep, PrefillStep, TextStep, Trace

if TYPE_CHECKING:
    from nbformat import NotebookNode

_VERDICTS = {"correct": "✓ correct", "wrong": "✗ wrong", "undecided": "? undecided"}
_ENDED = ("ok", "error")
"""How cells end that can be run again as they are. Others ran into a limit, or were never run."""


def notebook_of(trace: Trace, *, verdict: str = "", gold: str | None = None) -> NotebookNode:
    """The trace as a notebook (nbformat 4.5) for the kernel "kernels-sandbox", valid by nbformat's schema.

    Thinking is folded. A cell that raised an exception carries the tag `raises-exception`, with which Jupyter goes on
    after it. One that did not end by itself, or was never run, is a raw cell (its output in the next one), because no
    Jupyter client would end it: the key Y makes it a code cell again. The same trace gives the same bytes.

    Args:
        trace: what was recorded.
        verdict: of the last grading, where that is not the trace's own.
        gold: the known answer that it was graded by.
    """
    from nbformat import v4, validate

    from kernels_sandbox.provisioner import DISPLAY_NAME, NAME

    if not verdict and trace.grade is not None:
        verdict, gold = trace.grade.verdict, trace.grade.gold
    cells = [_markdown(_head(trace)), *_steps(trace), _markdown(_end(trace, verdict, gold))]
    for number, cell in enumerate(cells):
        cell["id"] = f"step-{number}"
    about = {
        "trace": trace.id,
        "problem": trace.problem.id,
        "sample": trace.sample,
        "model": trace.model.name,
        "finish": trace.finish.reason,
        "answer": trace.answer,
        "verdict": verdict or "ungraded",
        "versions": trace.versions,
    }
    metadata = {
        "kernelspec": {"display_name": DISPLAY_NAME, "language": "python", "name": NAME},
        "language_info": {"name": "python"},
        "mathagent": _whole(about),
    }
    notebook: NotebookNode = v4.new_notebook(cells=cells, metadata=metadata)  # type: ignore[no-untyped-call]
    validate(notebook)
    return notebook


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a trace says of a block that has an output.

    whole: False where a record says only what the model was shown (then `result.stdout`), as other tools' records do.
    """

    result: CellResult
    whole: bool = True

    @property
    def never_ran(self) -> bool:
        """Whether the loop refused the block (a tool call that can't be read, say), so that no kernel saw it."""
        error = self.result.error
        return error is not None and error.name == "InvalidCall" and not error.traceback

    @property
    def ended(self) -> bool:
        """Whether it came to its own end, so that it can be run again as it is."""
        return self.result.status in _ENDED and not self.never_ran


def results_of(trace: Trace) -> dict[int, Recorded]:
    """The result of every block that has one, by its index."""
    found = {}
    for step in trace.steps:
        if isinstance(step, OutputStep):
            whole = step.result.get("status") in STATUSES
            result = CellResult.from_dict(step.result) if whole else CellResult("ok", stdout=step.shown)
            found[step.index] = Recorded(result, whole)
    return found


def _head(trace: Trace) -> str:
    title = safe_markdown(" ".join(trace.problem.id.split())) or "Problem"
    about = [each for each in (trace.model.name, trace.prompt.name, trace.started[:10], trace.id) if each]
    return (
        f"# {title}\n\n{safe_markdown(trace.problem.text)}\n\n{' · '.join(map(code_span, map(clean, about)))}"
    )


def _steps(trace: Trace) -> Iterator[dict[str, Any]]:
    results = results_of(trace)
    prose, unsure = "", False
    for place, step in enumerate(trace.steps):
        match step:
            case PrefillStep(raw=raw) if place + 1 < len(trace.steps):
                prose += "" if isinstance(trace.steps[place + 1], CodeStep) else raw
            case TextStep(raw=raw, reasoning=reasoning, kind=kind):
                if thought := reasoning or (raw if kind == "thinking" else ""):
                    yield from _said(prose)
                    prose = ""
                    yield from _thought(thought)
                prose += raw if kind == "text" else ""
            case ChoiceStep(raw=raw):
                prose += raw
            case CodeStep():
                yield from _said(prose)
                prose = ""
                recorded = results.get(step.index)
                yield from _cell(step, recorded, unsure)
                unsure |= recorded is None or not recorded.ended
            case FailureStep(message=message, hint=hint):
                yield from _said(prose)
                prose = ""
                yield _markdown(f"> **Failure:** {safe_markdown(' '.join(f'{message} {hint}'.split()))}")
            case _:
                pass
    yield from _said(prose)


def _said(prose: str) -> Iterator[dict[str, Any]]:
    if written := safe_markdown(prose):
        yield _markdown(written)


def _thought(text: str) -> Iterator[dict[str, Any]]:
    if written := safe_markdown(text):
        yield _markdown(f"<details>\n<summary>Thinking</summary>\n\n{written}\n\n</details>")


def _cell(step: CodeStep, recorded: Recorded | None, unsure: bool) -> Iterator[dict[str, Any]]:
    """The block with its outputs; `unsure`: it may need what an earlier one did that can't be run again."""
    from nbformat import from_dict, v4

    source = whole(step.code.strip("\n"))
    count = step.index + 1
    if recorded is not None and recorded.ended:
        outputs = [from_dict(each) for each in outputs_of(recorded.result, count)]  # type: ignore[no-untyped-call]
        cell: dict[str, Any] = v4.new_code_cell(  # type: ignore[no-untyped-call]
            source, execution_count=count, outputs=outputs
        )
        if unsure or not recorded.whole or recorded.result.status == "error":
            cell["metadata"]["tags"] = ["raises-exception"]
        yield cell
        return
    yield v4.new_raw_cell(source)  # type: ignore[no-untyped-call]
    yield _markdown(_why_raw(recorded))


def _why_raw(recorded: Recorded | None) -> str:
    result = recorded.result if recorded is not None else None
    if recorded is None or result is None or recorded.never_ran:
        why = result.error.value if result is not None and result.error is not None else ""
        return f"*This block was not run.* {safe_markdown(' '.join(why.split()))}".strip()
    said = clean("".join((result.stdout, result.stderr, remarks(result)))).rstrip("\n")
    words = {"timeout": "ran out of time", "died": "ended its kernel", "interrupted": "was interrupted"}
    how = words.get(result.status, "wrote more than it may")
    return f"*This cell {how}* (the key Y makes it a code cell). What it had written:\n\n{fenced(said)}"


def _end(trace: Trace, verdict: str, gold: str | None) -> str:
    lines = [f"**Answer:** {_answer(trace.answer)}" if trace.answer is not None else "**No answer.**"]
    if verdict in _VERDICTS:
        lines.append(f"**{_VERDICTS[verdict]}**" + (f", expected {_answer(gold)}" if gold else ""))
    reason = code_span(clean(trace.finish.reason))
    lines.append(f"{reason} {safe_markdown(' '.join(trace.finish.detail.split()))}".strip())
    usage = trace.usage
    lines.append(f"{usage.completion_tokens} tokens, {usage.executions} executions, {trace.seconds:.1f} s")
    return "\n\n".join(lines)


def _answer(text: str) -> str:
    """An answer as a formula where it is one, else as words."""
    plain = clean(text)
    return formula(plain) if any(mark in plain for mark in "\\^_") else safe_markdown(" ".join(plain.split()))


def _markdown(text: str) -> dict[str, Any]:
    from nbformat import v4

    cell: dict[str, Any] = v4.new_markdown_cell(text)  # type: ignore[no-untyped-call]
    return cell


def _whole(value: Any) -> Any:
    """Every text of a JSON value as UTF-8 can take it."""
    if isinstance(value, dict):
        return {whole(str(key)): _whole(each) for key, each in value.items()}
    return whole(value) if isinstance(value, str) else value
