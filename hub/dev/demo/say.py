"""What the demo tells while it starts and stops."""

import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Teller:
    """Begins each line with the seconds since the command began."""

    began: float
    """Seconds since the epoch."""

    @property
    def seconds(self) -> float:
        return time.time() - self.began

    def __call__(self, text: str) -> None:
        sys.stdout.write(f"{self.seconds:5.1f} s  {text}\n")
        sys.stdout.flush()
