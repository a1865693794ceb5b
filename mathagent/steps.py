"""The steps of a solution, as a process reward judges them one by one.

A step is a paragraph: the lines between blank lines. Code belongs to the paragraph that announces it, and its output to
the code, so that one step says what is done, does it, and sees what came of it.
"""

from __future__ import annotations

import re

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})(.*)")


def split(solution: str) -> list[str]:
    """The steps in order, none of them blank; [] for a blank text.

    A blank line inside of a fence parts nothing, and a fence that never closes reaches to the end. A fence (code, an
    output) joins the paragraph before it; text after a fence begins a new step, with a blank line before it or not.
    """
    steps: list[str] = []
    lines: list[str] = []
    fence = ""  # the marks that would close the open fence

    def end() -> None:
        if any(line.strip() for line in lines):
            steps.append("\n".join(lines).strip("\n"))
        lines.clear()

    for line in solution.splitlines():
        mark = _FENCE.fullmatch(line)
        if fence:
            lines.append(line)
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
                end()
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            if not any(each.strip() for each in lines) and steps:
                lines[:] = steps.pop().splitlines()  # what announces it, or the code whose output it is
            lines.append(line)
            fence = mark[1]
        elif line.strip():
            lines.append(line)
        else:
            end()
    end()
    return steps
