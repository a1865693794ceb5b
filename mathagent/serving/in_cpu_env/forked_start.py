"""Start vLLM's API server with an engine process that is forked, not spawned: ready in half the time.

Runs in the CPU server's own environment, by path, with the arguments of vLLM's API server. Most of a start is
imports; a spawned engine imports everything a second time (35 s against 68 s on one core). vLLM chooses spawn on
CPUs because a process that has used OpenMP must not fork: the variable OMP_NUM_THREADS is set before the start, and
the API server computes nothing before the fork. This replaces an internal function of vLLM, so a start that fails
this way is repeated the plain way (see mathagent.serving.supervisor).
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.context
import runpy
import sys

import vllm.utils.system_utils


def _fork_context() -> multiprocessing.context.BaseContext:
    return multiprocessing.get_context("fork")


if __name__ == "__main__":
    if not hasattr(vllm.utils.system_utils, "get_mp_context"):
        raise SystemExit("this vLLM has no get_mp_context to replace")
    vllm.utils.system_utils.get_mp_context = _fork_context
    sys.argv[0] = "api_server"
    runpy.run_module("vllm.entrypoints.openai.api_server", run_name="__main__")
