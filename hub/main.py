"""The `hub` command: one verb a process, and the tools of whoever runs it."""

import typer

from hub.commands import (
    connectors,
    development,
    files,
    installation,
    intake,
    keys,
    processes,
    recovery,
    serve,
    sources,
    trail,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
groups = (
    processes,
    intake,
    serve,
    installation,
    sources,
    keys,
    recovery,
    trail,
    files,
    connectors,
    development,
)
for group in groups:
    group.add_to(app)

if __name__ == "__main__":
    app()
