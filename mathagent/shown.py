"""What the model is shown of an execution: the result as text, cleaned and cut to a length.

Peers cut at the end, or not at all; users lose the error or the context that way (see the README of the peers that
this follows: head and tail are kept, and the length of what was left out is said).
"""

from __future__ import annotations

import re

from kernels_sandbox import CellResult

# CSI sequences, control strings (OSC, DCS, ...) and other escapes, seven-bit or eight-bit; and what is left of colour
# codes when the escape character was lost on the way.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
    r"|\[\d{1,2}(?:;\d{1,3})+m"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # half of a character: no terminal, file or server takes one
_FRAME = re.compile(r"^(?:  )?(?:Cell In\[\d+\], line \d+|File .+)$|^  File \".*\", line \d+")
_OWN_FRAME = re.compile(r"Cell In\[\d+\]|<ipython-input|<string>|<stdin>")
_CELL_FILE = re.compile(r" \(\d+\.py, line (\d+)\)")  # IPython's own name for a cell says nothing to a model
_ERROR_CHARS = 600


def show(result: CellResult, limit: int) -> str:
    """The text of an output block for this result.

    Standard output, then standard error, then the value of the last expression as Jupyter shows it, then the error;
    what else the model must know (time ran out, the kernel died, what was lost) comes last, in square brackets.

    Args:
        result: the finished cell.
        limit: characters; longer text is cut in the middle.
    """
    values = [str(bundle.get("text/plain", "")) for bundle in result.displays] or [result.result or ""]
    parts = [clean(part).rstrip("\n") for part in (result.stdout, result.stderr, *values)]
    text = "\n".join(part for part in parts if part.strip())
    if result.cut is not None:
        lost = f"[output was cut: {result.cut.kept:,} of at least {result.cut.total:,} bytes were kept]"
        text = f"{text}\n{lost}" if text else lost
    text = cut_middle(text, limit)
    tail = []
    if result.error is not None:
        tail.append(
            short_traceback(clean(result.error.traceback), result.error.name, clean(result.error.value))
        )
    if result.detail:
        tail.append(f"[{result.detail}]")
    return "\n".join(part for part in (text, *tail) if part)


def clean(text: str) -> str:
    """Take off ANSI sequences and control characters; a carriage return wipes its line, as in a terminal.

    What comes out can be written to a terminal and encoded as UTF-8, whatever came in.
    """
    text = _ANSI.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _CONTROL.sub("", text))


def cut_middle(text: str, limit: int) -> str:
    """At most about `limit` characters: the head and the tail, and between them how much was left out."""
    if len(text) <= limit:
        return text
    head = (limit + 1) // 2
    tail = limit // 2
    left_out = len(text) - head - tail
    return f"{text[:head]}\n[... {left_out:,} characters left out ...]\n{text[len(text) - tail :]}"


def short_traceback(traceback: str, name: str, value: str) -> str:
    """The frames of the model's own cells and the error itself; frames inside of libraries are counted, not shown."""
    kept, skipped, own = [], 0, True
    lines = traceback.rstrip("\n").split("\n")
    value = _CELL_FILE.sub(r" (line \1)", value)
    message = cut_middle(f"{name}: {value}" if value else name, _ERROR_CHARS)
    for line in lines:
        if _FRAME.match(line):
            own = bool(_OWN_FRAME.search(line))
            skipped += not own
        elif line and not line.startswith(" ") and not line.startswith("Traceback"):
            break  # the error itself begins
        if own and line.strip():
            kept.append(line)
    if skipped:
        kept.append(f"  [{skipped} more frame{'s' if skipped > 1 else ''} inside of libraries]")
    return cut_middle("\n".join(kept), 2 * _ERROR_CHARS) + f"\n{message}" if kept else message
