"""Clients of model servers, behind `mathagent.types.ModelClient`."""

from mathagent.models.openai_server import OpenAIServer

__all__ = ["OpenAIServer"]
