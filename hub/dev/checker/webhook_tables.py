"""What the hub's own books say of deliveries: how each stands, and how each attempt at it ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

Key = tuple[str, str]
"""An endpoint's id and an event's."""
_DELIVERIES = "select seq, endpoint, event, state from delivery where endpoint = any($1::text[])"
_ATTEMPTS = "select delivery, state, status from delivery_attempt order by delivery, n"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt; `unknown` where whoever made it was gone before it could say more."""

    state: str
    status: int | None

    @property
    def is_lost(self) -> bool:
        """Whether nobody was there any more to hear the answer."""
        return self.state in {"unknown", "sending"}

    @property
    def is_unanswered(self) -> bool:
        """Whether the answer came too late, or never."""
        return self.state == "failed" and self.status is None


@dataclass(slots=True)
class Row:
    """A delivery."""

    state: str
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def unanswered(self) -> int:
        """Attempts that somebody waited for in vain."""
        return sum(one.is_unanswered for one in self.attempts)


DeliveryRows = dict[Key, Row]


async def read_deliveries(dsn: str, endpoints: Sequence[str]) -> DeliveryRows:
    """Read all of these endpoints."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            rows = await connection.fetch(_DELIVERIES, endpoints)
            attempts = await connection.fetch(_ATTEMPTS)
    finally:
        await connection.close()
    by_seq = {row["seq"]: Row(row["state"]) for row in rows}
    for one in attempts:
        if one["delivery"] in by_seq:
            by_seq[one["delivery"]].attempts.append(Attempt(one["state"], one["status"]))
    return {(row["endpoint"], row["event"]): by_seq[row["seq"]] for row in rows}
