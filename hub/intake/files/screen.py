"""Where `hub publish` writes: answers on standard output, progress beside them for a person."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from connectors.sdk import unquoted
from hub.intake.files.tally import Tally
from hub.intake.files.wording import LineAnswer

EVERY = 10_000
"""Lines between two notes of progress where nobody watches a terminal."""


class Terminal:
    """Prints answers as they come and the tally, one line of JSON, last."""

    def __init__(self, *, only_json: bool = False) -> None:
        """With `only_json` nothing but the tally is printed."""
        self._only_json = only_json
        self._noted = 0
        self._watched = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.completed:,.0f} lines"),
            TimeElapsedColumn(),
            console=self._watched,
            transient=True,
            disable=not self._watched.is_terminal,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._task = self._progress.add_task("lines", total=None)

    def __enter__(self) -> Self:
        """Begin to show progress."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Take the progress away."""
        self._progress.stop()

    def warn(self, text: str) -> None:
        """Tell a person something that is no answer."""
        if text:
            sys.stderr.write(f"warning: {text}\n")

    def line(self, answer: LineAnswer) -> None:
        """Print one answer; whoever wants a cell looks into the file, for this may be kept in a log."""
        if not self._only_json:
            sys.stdout.write(f"{unquoted(str(answer))}\n")

    def progress(self, lines: int) -> None:
        """So many lines are answered."""
        self._progress.update(self._task, completed=lines)
        if not self._watched.is_terminal and lines // EVERY > self._noted:
            self._noted = lines // EVERY
            sys.stderr.write(f"{lines:,} lines\n")

    def tally(self, tally: Tally) -> None:
        """Print what stopped the run, if anything did, and the last line."""
        if tally.error:
            sys.stderr.write(f"{unquoted(tally.error)}\n")
        sys.stdout.write(f"{tally.json()}\n")
        sys.stdout.flush()
