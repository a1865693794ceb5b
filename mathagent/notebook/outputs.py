"""The result of a cell as the outputs that a notebook stores.

Only types that a viewer shows without running anything are kept. HTML, SVG and JavaScript are left out, and named where
they were: a cell that is run again shows them, in a viewer that its reader trusts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kernels_sandbox import CellResult
from mathagent.notebook.markdown import is_inert, safe_markdown

_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")


def outputs_of(result: CellResult, count: int) -> Iterator[dict[str, Any]]:
    """The outputs, each as nbformat 4.5 describes it; `count` is the number of the execution."""
    for name, text in (("stdout", result.stdout), ("stderr", result.stderr)):
        if text:
            yield {"output_type": "stream", "name": name, "text": whole(text)}
    value = _place_of_value(result)
    for place, bundle in enumerate(result.displays):
        yield _display(bundle, count if place == value else None)
    if result.result is not None and value is None:
        yield _display({"text/plain": result.result}, count)
    if result.error is not None:
        lines = result.error.traceback.rstrip("\n").split("\n") if result.error.traceback else []
        yield {
            "output_type": "error",
            "ename": whole(result.error.name),
            "evalue": whole(result.error.value),
            "traceback": [whole(line) for line in lines],
        }
    if lost := remarks(result):
        yield {"output_type": "stream", "name": "stderr", "text": whole(lost)}


def remarks(result: CellResult) -> str:
    """What the sandbox says of a cell beside its output: what was cut, why it ended."""
    said = []
    if result.cut is not None:
        said.append(
            f"[output was cut: {result.cut.kept:,} of at least {result.cut.total:,} bytes were kept]\n"
        )
    if result.detail:
        said.append(f"[{result.detail}]\n")
    return "".join(said)


def whole(text: str) -> str:
    """Text without halves of characters, which UTF-8 can't take."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _place_of_value(result: CellResult) -> int | None:
    """Which of the displays is the value of the cell's last expression."""
    if result.result is None:
        return None
    places = [
        place for place, bundle in enumerate(result.displays) if bundle.get("text/plain") == result.result
    ]
    return places[-1] if places else None


def _display(bundle: Mapping[str, Any], count: int | None) -> dict[str, Any]:
    data, left_out = {}, []
    for kind, value in bundle.items():
        kept = _passive(kind, value)
        if kept is None:
            left_out.append(whole(str(kind)))
        else:
            data[kind] = kept
    if not data and left_out:
        data["text/plain"] = f"[{', '.join(sorted(left_out))}: left out, run the cell to see it]"
    about = {"mathagent": {"left_out": sorted(left_out)}} if left_out else {}
    if count is None:
        return {"output_type": "display_data", "data": data, "metadata": about}
    return {"output_type": "execute_result", "execution_count": count, "data": data, "metadata": about}


def _passive(kind: str, value: Any) -> str | None:
    """The value as it may be stored; None for what could act, or is not what its type says."""
    if not isinstance(value, str):
        return None
    if kind == "text/plain":
        return whole(value)
    if kind == "text/latex":
        return whole(value) if is_inert(value) else None
    if kind == "text/markdown":
        return safe_markdown(value)
    return value if kind in _IMAGES and _BASE64.fullmatch(value) else None
