"""Isolated Jupyter kernels for code that nobody has read."""
