"""JSON on standard output, for programs."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

_UNSAFE = re.compile("[\x7f-\x9f\ud800-\udfff]")


def write_json(value: Any, *, indent: int | None = None) -> None:
    """JSON, in one line without `indent`: only what a terminal or UTF-8 can't take is written as an escape."""
    line = json.dumps(value, ensure_ascii=False, indent=indent)
    sys.stdout.write(_UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", line) + "\n")
