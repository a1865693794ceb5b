"""Recorded runs of a large model played back through the whole solve path, with real kernels.

As a command: `python -m tests.playback [--limit N] [--concurrency N]`.
"""
