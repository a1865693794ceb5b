"""The Typer application: which commands there are."""

from __future__ import annotations

from typing import Annotated

import typer

from mathagent import __version__
from mathagent.cli import (
    augment,
    browse,
    chat,
    compare,
    data,
    decontaminate,
    doctor,
    export,
    grade,
    import_,
    iterate,
    notebook,
    prompts,
    protocols,
    report,
    rerank,
    run,
    serve,
    setup,
    show,
    solve,
    status,
    traces,
    train,
    verify,
    view,
)
from mathagent.cli.query import QueryCommand

app = typer.Typer(
    name="mathagent",
    help="Solve mathematics with a language model that reasons in words and runs code in isolated Jupyter kernels.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,
)
app.command()(solve.solve)
app.command()(chat.chat)
app.command()(run.run)
app.command()(status.status)
app.command()(report.report)
app.command()(compare.compare)
app.command()(grade.grade)
app.command()(verify.verify)
app.command()(rerank.rerank)
app.command()(export.export)
app.command("import")(import_.import_)
app.command(cls=QueryCommand)(traces.traces)
app.command()(augment.augment)
app.command()(iterate.iterate)
app.command()(decontaminate.decontaminate)
app.command()(show.show)
app.command(cls=QueryCommand)(browse.browse)
app.command(cls=QueryCommand)(view.view)
app.command()(notebook.notebook)
app.command()(prompts.prompts)
app.command()(protocols.protocols)
app.command()(doctor.doctor)
app.command()(setup.setup)
app.add_typer(serve.app, name="serve")
app.add_typer(data.app, name="data")
app.add_typer(train.app, name="train")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mathagent {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Solve mathematics with a language model that reasons in words and runs code in isolated Jupyter kernels."""


def main() -> None:
    """The entry point of the `mathagent` script."""
    app()
