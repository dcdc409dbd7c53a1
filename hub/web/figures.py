"""The figures of the whole installation: counts that no tenant stands in."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hub.adapters.postgres import TenantDatabase
from hub.recovery.figures import OUTCOMES, STATES
from hub.sdk.failures import BrokerUnavailableError

OWNERS = "select * from partition_owner order by topic, part"
LANDINGS = "select * from landing_owner where topic like 'raw.%' order by topic, part"
OPEN = """
select state, sum(items)::bigint as items, sum(homes)::bigint as homes,
       extract(epoch from clock_timestamp() - min(oldest))::float8 as age
  from open_items group by state
"""
PROJECTED = """
select named.projection as name, sum(greatest(0, o.seq - coalesce(p.seq, 0)))::bigint as behind
  from (select distinct projection from projection_progress where projection not like '%!shadow') named
 cross join partition_owner o
  left join projection_progress p on (p.projection, p.part) = (named.projection, o.part)
 group by named.projection order by named.projection
"""
TRAIL = "select coalesce(max(seconds), 0)::float8 as seconds from hub_trail_behind()"
SLOW_SECONDS = 5.0
"""What costs more than a few rows is asked for so often."""
LANDED = ("translated", "meaningless", "parked", "retrying", "held", "stepped_over")

LOOKS = 8
"""Partitions of which the oldest undecided record is read at once: those with the most of them."""

Place = tuple[str, int]
"""A topic and a partition of it."""


class Log(Protocol):
    """What Kafka is asked for."""

    async def ends(self, places: Sequence[Place]) -> Mapping[Place, int]: ...
    async def age(self, place: Place, offset: int) -> float: ...


@dataclass(frozen=True, slots=True)
class Projected:
    """How far a read model is behind what was decided, in status events."""

    name: str
    behind: int


@dataclass(frozen=True, slots=True)
class Platform:
    """The whole installation at about one moment. Without Kafka, what waits there is unknown."""

    outcomes: Mapping[str, int]
    accepted: int
    unaccounted: int
    waiting: int | None
    lag_seconds: float | None
    """Age of the oldest event not yet decided, to the second."""
    partitions: int
    stopped: Sequence[str]
    held_keys: int
    ages: Mapping[str, float]
    """Seconds since the oldest open item of a state was received."""
    landed: Mapping[str, int]
    raw_unaccounted: int
    raw_waiting: int | None
    projected: Sequence[Projected]
    trail_seconds: float
    """How late the trail is: what is older than this is listed and can be found."""

    @property
    def set_aside(self) -> int:
        """Events that are in nobody's way but their own home's."""
        return sum(self.outcomes[state] for state in STATES)


@dataclass(slots=True)
class PlatformReader:
    """Reads the figures again and again, and remembers what stood at the end of the log."""

    database: TenantDatabase
    log: Log
    _ends: Mapping[Place, int] = field(default_factory=dict)
    _slow: tuple[float, list[Any], float] | None = None

    async def read(self) -> Platform:
        """Read everything once; the ledger first, so that `waiting` is never too low.

        Raises:
            StoreUnavailableError: Postgres does not answer.

        """
        owners = await self.database.fetch(OWNERS)
        landings = await self.database.fetch(LANDINGS)
        found, trail_seconds = await self._read_slow()
        projected = await self.database.fetch(PROJECTED)
        before, self._ends = self._ends, await self._read_ends([*owners, *landings])
        return Platform(
            outcomes={name: sum(row[name] for row in owners) for name in OUTCOMES},
            accepted=_passed(owners) + (_waiting(owners, self._ends) or 0),
            unaccounted=_passed(owners) - sum(row[name] for row in owners for name in OUTCOMES),
            waiting=_waiting(owners, self._ends),
            lag_seconds=await self._lag(owners, before),
            partitions=len(owners),
            stopped=[_stop(row) for row in owners if row["stopped_reason"] is not None],
            held_keys=found[None]["homes"] if None in found else 0,
            ages={state: found[state]["age"] if state in found else 0.0 for state in STATES},
            landed={name: sum(row[name] for row in landings) for name in LANDED},
            raw_unaccounted=_passed(landings)
            - sum(row[name] for row in landings for name in LANDED),
            raw_waiting=_waiting(landings, self._ends),
            trail_seconds=trail_seconds,
            projected=[Projected(row["name"], row["behind"]) for row in projected],
        )

    async def _read_slow(self) -> tuple[Mapping[str | None, Any], float]:
        if self._slow is None or time.monotonic() - self._slow[0] >= SLOW_SECONDS:
            items = await self.database.fetch(OPEN)
            trail = await self.database.fetch(TRAIL)
            self._slow = time.monotonic(), items, trail[0]["seconds"]
        _, items, seconds = self._slow
        return {row["state"]: row for row in items}, seconds

    async def _read_ends(self, rows: Sequence[Any]) -> Mapping[Place, int]:
        try:
            return await self.log.ends([_place(row) for row in rows])
        except BrokerUnavailableError:
            return {}

    async def _lag(self, owners: Sequence[Any], before: Mapping[Place, int]) -> float | None:
        """What was there a look ago and is still undecided has an age that is worth a read."""
        if _waiting(owners, self._ends) is None:
            return None
        late = [row for row in owners if row["next_offset"] < before.get(_place(row), 0)]
        late.sort(key=lambda row: row["next_offset"] - self._ends[_place(row)])
        try:
            ages = [await self.log.age(_place(row), row["next_offset"]) for row in late[:LOOKS]]
        except BrokerUnavailableError:
            return None
        return max(ages, default=0.0)


def _place(row: Any) -> Place:
    return row["topic"], row["part"]


def _passed(rows: Sequence[Any]) -> int:
    return sum(row["next_offset"] - row["first_offset"] for row in rows)


def _waiting(rows: Sequence[Any], ends: Mapping[Place, int]) -> int | None:
    if any(_place(row) not in ends for row in rows):
        return None
    return sum(max(0, ends[_place(row)] - int(row["next_offset"])) for row in rows)


def _stop(row: Any) -> str:
    return f"{row['topic']}[{row['part']}]: {row['stopped_reason']}"
