"""The command line: reads flags, builds the parts, hands the events to a view.

Commands are imported when they are called, so that `mathagent --help` is quick.
"""

from __future__ import annotations

from mathagent.cli.app import main

__all__ = ["main"]
