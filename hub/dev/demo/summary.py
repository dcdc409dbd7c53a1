"""The end of a run: a table for people, one line of JSON for scripts."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from hub.dev.demo.figures import Figures

LEVELS = ("early", "retrying", "held", "waiting", "unaccounted")


@dataclass(frozen=True, slots=True)
class Summary:
    """`before` is what the ledger said when the run began."""

    before: Mapping[str, int]
    after: Figures
    broker_start_s: float
    first_warranty_s: float | None
    seconds: float

    @property
    def this_run(self) -> Mapping[str, int]:
        """What came to each figure but for those that go up and down."""
        flows = (name for name in self.after.numbers if name not in LEVELS)
        return {name: self.after[name] - self.before[name] for name in flows}

    @property
    def adds_up(self) -> bool:
        """Nothing is unaccounted for."""
        return self.after["unaccounted"] == 0

    @property
    def holds(self) -> bool:
        """Nothing is unaccounted for, and there is a new warranty."""
        return self.adds_up and self.this_run["activated"] > 0

    def show(self) -> None:
        """The table, the times, and the JSON as the last line."""
        table = Table("event", "this run", "in all", box=box.SIMPLE, title="What became of it")
        for column in table.columns[1:]:
            column.justify = "right"
        for name, number in self.after.numbers.items():
            gained = str(self.this_run.get(name, ""))
            table.add_row(name.replace("_", " "), gained, str(number))
        Console().print(table)
        sys.stdout.write(f"{self._times()}\n{json.dumps(self.as_json())}\n")
        sys.stdout.flush()

    def as_json(self) -> dict[str, object]:
        """Every figure by a plain name; counts are those since the first event ever."""
        return {
            "holds": self.holds,
            **self.after.numbers,
            "this_run": self.this_run,
            "projection_lag": self.after.projection_lag,
            "broker_start_s": round(self.broker_start_s, 2),
            "first_warranty_s": self.first_warranty_s,
            "seconds": round(self.seconds, 1),
            "load": round(os.getloadavg()[0], 2),
        }

    def _times(self) -> str:
        broker = f"The broker took {self.broker_start_s:.1f} s to start; "
        if self.first_warranty_s is None:
            return broker + "no warranty came: read the lines above, then run hub doctor"
        times = self.first_warranty_s / self.broker_start_s
        return (
            f"{broker}the first warranty came after {self.first_warranty_s:.1f} s ({times:.1f} x)"
        )
