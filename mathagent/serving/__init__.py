"""Install vLLM's CPU build, and start, find and stop the one vLLM server that mathagent manages.

The rest of the project needs `running_server` and `ensure_embedded`; both give a ServerState with `base_url`,
`model`, `demo` and `api_key`.
"""

from __future__ import annotations

from mathagent.serving.embedded import prepare_model
from mathagent.serving.install import cpu_environment, install_cpu_environment
from mathagent.serving.recommended import DEMO_NOTICE, RecommendedModel, recommended_models
from mathagent.serving.server import ensure_embedded, running_server, start, stop
from mathagent.serving.startup import StartFailed
from mathagent.serving.state import ServerState

__all__ = [
    "DEMO_NOTICE",
    "RecommendedModel",
    "ServerState",
    "StartFailed",
    "cpu_environment",
    "ensure_embedded",
    "install_cpu_environment",
    "prepare_model",
    "recommended_models",
    "running_server",
    "start",
    "stop",
]
