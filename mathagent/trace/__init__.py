"""Traces: the record of every solve, how it is written and how it is read again."""

from mathagent.trace.file import append, default_file, read, read_at, scan
from mathagent.trace.recorder import Recorder
from mathagent.trace.schema import Trace

__all__ = ["Recorder", "Trace", "append", "default_file", "read", "read_at", "scan"]
