"""A server that speaks the OpenAI API as vLLM does and plays recorded completions: the stand-in for large models.

As a fixture: `pytest_plugins = ["tests.replay.fixtures"]`. As a command: `python -m tests.replay --tora FILE --port N`.
"""
