"""The end of a run: a table for people, one line of JSON for scripts."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from hub.dev.demo.figures import CLAIM_STATES, Figures
from hub.dev.demo.told import Told

LEVELS = ("early", "retrying", "held", "waiting", "away", "unaccounted", *CLAIM_STATES)
COLUMNS = {
    **dict.fromkeys(("told", "took", "failed", "skipped", "dead", "waiting", "away"), ""),
    "unaccounted": "lost",
}
"""Figures of the table of receivers, with shorter names for some; `failed` counts attempts, all others messages."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`before` is what everything said when the run began."""

    before: Mapping[str, Any]
    after: Figures
    broker_start_s: float
    first_warranty_s: float | None
    seconds: float
    shops: Mapping[str, Any] = field(default_factory=dict)
    """What the shops of this run sent and heard, where they could say it."""
    receivers: Mapping[str, Told] = field(default_factory=dict)
    """What was told in this run, by receiver."""

    @property
    def this_run(self) -> Mapping[str, Any]:
        """What came to each figure but for those that go up and down."""
        return _gained(self.before, self.after.as_json())

    @property
    def adds_up(self) -> bool:
        """Nothing is unaccounted for, and whatever a till was told has landed is there.

        No receiver lacks what the hub says it took, or took what the hub knows nothing of.
        """
        promised = self.shops.get("heard", {}).get("tickets_landed", 0)
        amiss = sum(each.unaccounted for each in self.receivers.values())
        is_there = promised <= self.this_run["raw"]["landed"]
        return is_there and self.after.unaccounted + amiss == 0

    @property
    def holds(self) -> bool:
        """It adds up, and there is a new warranty."""
        return self.adds_up and self.this_run["activated"] > 0

    def show(self) -> None:
        """The table, the times, and the JSON as the last line."""
        table = Table("what", "this run", "in all", box=box.SIMPLE, title="What became of it")
        for column in table.columns[1:]:
            column.justify = "right"
        gained = dict(_flat(self.this_run))
        for name, number in _flat(self.after.as_json()):
            table.add_row(name.replace("_", " "), str(gained.get(name, "")), str(number))
        Console().print(table)
        if self.receivers:
            Console().print(self._receivers())
        sys.stdout.write(f"{self._times()}\n{json.dumps(self.as_json())}\n")
        sys.stdout.flush()

    def as_json(self) -> dict[str, object]:
        """Every figure by a plain name; counts are those since the first event ever."""
        return {
            "holds": self.holds,
            **self.after.as_json(),
            "this_run": self.this_run,
            "receivers": {name: each.as_json() for name, each in self.receivers.items()},
            "shops": self.shops,
            "broker_start_s": round(self.broker_start_s, 2),
            "first_warranty_s": self.first_warranty_s,
            "seconds": round(self.seconds, 1),
            "load": round(os.getloadavg()[0], 2),
        }

    def _receivers(self) -> Table:
        title = "What receivers were told in this run, and took by their own count"
        heads = [short or name for name, short in COLUMNS.items()]
        table = Table("receiver", *heads, box=box.SIMPLE, title=title, padding=(0, 1, 0, 0))
        for column in table.columns[1:]:
            column.justify = "right"
        for receiver, each in self.receivers.items():
            counted = each.as_json()
            table.add_row(receiver, *(str(counted[name]) for name in COLUMNS))
        return table

    def _times(self) -> str:
        broker = f"The broker took {self.broker_start_s:.1f} s to start; "
        if self.first_warranty_s is None:
            return broker + "no warranty came: read the lines above, then run hub doctor"
        times = self.first_warranty_s / self.broker_start_s
        return (
            f"{broker}the first warranty came after {self.first_warranty_s:.1f} s ({times:.1f} x)"
        )


def _gained(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    flows = (name for name in after if name not in LEVELS and not name.endswith("_lag"))
    return {
        name: _gained(before[name], after[name])
        if isinstance(after[name], Mapping)
        else after[name] - before[name]
        for name in flows
    }


def _flat(figures: Mapping[str, Any], of: str = "") -> Iterator[tuple[str, int]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}: ")
        else:
            yield of + name, value
