"""`python -m tests.replay --tora FILE --port N`: the replay server as a command, until it is interrupted."""

from __future__ import annotations

import argparse
import socket
import sys

import uvicorn

from tests.replay.app import build_app
from tests.replay.recording import Library
from tests.replay.state import Settings, State
from tests.replay.tora import load_tora


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description=__doc__)
    parser.add_argument("--tora", required=True, help="recordings: an output file of ToRA (JSON Lines)")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument("--model", default="tora-code-34b", help="name in the models list")
    parser.add_argument("--max-model-len", type=int, default=32_768, help="tokens")
    parser.add_argument("--token-ms", type=float, default=0.0, help="milliseconds for each generated token")
    parser.add_argument("--tokens-per-chunk", type=int, default=1)
    options = parser.parse_args()
    settings = Settings(
        models=(options.model,),
        max_model_len=options.max_model_len,
        token_seconds=options.token_ms / 1000,
        tokens_per_chunk=options.tokens_per_chunk,
    )
    state = State(Library(load_tora(options.tora)), settings)
    with socket.create_server(("127.0.0.1", options.port)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        sys.stderr.write(f"{len(state.library.recordings)} recordings at {address}\n")
        uvicorn.Server(uvicorn.Config(build_app(state), log_level="warning", lifespan="off")).run([listener])


if __name__ == "__main__":
    main()
