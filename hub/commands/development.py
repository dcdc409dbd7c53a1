"""The whole hub on one machine, for whoever wants to see it or to work on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(dev)


def dev(
    context: typer.Context,
    seconds: Annotated[
        float | None, typer.Option("--for", min=1, help="End by itself after so many seconds.")
    ] = None,
    rate: Annotated[float, typer.Option(min=0.1, max=2000, help="Things said a second.")] = 20,
    state: Annotated[Path, typer.Option(help="Where Kafka and Postgres keep data.")] = Path(".hub"),
) -> None:
    """Run everything on an embedded Kafka and Postgres, with a simulator that feeds it."""
    # The embedded servers are no part of a production installation.
    from hub.dev.demo.run import demo  # noqa: PLC0415

    root = context.find_root().command

    def hub(words: Sequence[str]) -> object:
        return root.main(list(words), prog_name="hub")

    raise typer.Exit(demo(state, seconds, rate, lambda: hub))
