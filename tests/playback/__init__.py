"""Recorded runs of real models played back, each in its own protocol, through the whole solve path with real kernels.

As a command: `python -m tests.playback [FORMAT ...] [--limit N] [--concurrency N]`.
"""
