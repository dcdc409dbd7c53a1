"""A process of the hub that is killed and started again, and what it used in all its lives."""

import signal
import subprocess
from dataclasses import dataclass

import psutil

from hub.dev.crash.installation import Installation, hub
from hub.dev.lifeline import die_with_parent

STOP_SECONDS = 30


@dataclass(slots=True)
class Reader:
    """One process and its successors. Only the main thread starts them."""

    place: Installation
    word: str
    """The command, and what it is told."""
    peak: float = 0.0
    """Megabytes, the most that any of them held."""
    seconds: float = 0.0
    """Of processor time, of all of them."""
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Begin, or begin again."""
        with (self.place.root / f"{self.word}.log").open("ab") as log:
            self.process = subprocess.Popen(
                hub(*self.word.split()),
                env=self.place.env(HUB_DROP_STILL_SECONDS="0.5"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    def look(self) -> None:
        """Note what it holds.

        Raises:
            RuntimeError: it ended by itself.

        """
        if self.process is None or self.process.poll() is not None:
            raise RuntimeError(f"hub {self.word} ended by itself: see {self.word}.log")
        self.peak = max(self.peak, psutil.Process(self.process.pid).memory_info().rss / 2**20)

    def end(self, signum: signal.Signals) -> None:
        """Kill it, or ask it to stop."""
        if self.process is not None and self.process.poll() is None:
            used = psutil.Process(self.process.pid).cpu_times()
            self.seconds += used.user + used.system
            self.process.send_signal(signum)
            self.process.wait(STOP_SECONDS)
