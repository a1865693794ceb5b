"""A code-interpreter math reasoning agent."""

__version__ = "0.1.0"
