"""The command line: reads flags, builds the parts, hands the events to a view.

What is slow to import (the model client's SDK, sympy, prompt_toolkit) is imported where it is used.
"""

from __future__ import annotations

from mathagent.cli.app import main

__all__ = ["main"]
