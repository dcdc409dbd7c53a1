"""The `hub` command: one verb a process, and the tools of whoever runs it."""

import typer

from hub.commands import development, files, installation, keys, processes, recovery, serve, trail

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
for group in (processes, serve, installation, keys, recovery, trail, files, development):
    group.add_to(app)

if __name__ == "__main__":
    app()
