"""The `hub` command: one verb a process, and the tools of whoever runs it."""

from importlib.metadata import version
from typing import Annotated

import typer

from hub.commands import (
    audit,
    bulks,
    connectors,
    deliver,
    deliveries,
    development,
    endpoints,
    files,
    installation,
    intake,
    item_acts,
    items,
    keys,
    leaving,
    people,
    policies,
    privacy,
    processes,
    recovery,
    rehearsing,
    replay,
    samples,
    serve,
    sources,
    trail,
    verify_endpoint,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
groups = (
    processes,
    intake,
    deliver,
    serve,
    installation,
    sources,
    keys,
    people,
    policies,
    rehearsing,
    privacy,
    leaving,
    items,
    item_acts,
    bulks,
    replay,
    recovery,
    trail,
    audit,
    samples,
    endpoints,
    deliveries,
    verify_endpoint,
    files,
    connectors,
    development,
)
for group in groups:
    group.add_to(app)


def _tell(wanted: bool) -> None:  # noqa: FBT001 - typer gives what was typed
    if wanted:
        typer.echo(f"warranty-hub {version('warranty-hub')}")
        raise typer.Exit


@app.callback()
def _any(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell, is_eager=True, help="Say it, and end.")
    ] = False,
) -> None: ...


if __name__ == "__main__":
    app()
