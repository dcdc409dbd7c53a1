"""Keeps the gauge of silent sources; only somebody who knows what landed last may tell."""

import time
from dataclasses import dataclass, field

from hub.access.silence import silent_by_connector
from hub.adapters.postgres import Database
from hub.telemetry.metrics import Metrics

EVERY_SECONDS = 5.0
BEHIND_SECONDS = 10.0
"""While the trail is so far behind the landing log, the gauge stands."""


@dataclass(slots=True)
class Silence:
    """Looks now and then; several may."""

    database: Database
    metrics: Metrics
    _next: float = 0.0
    _told: set[str] = field(default_factory=set)

    async def tell(self, behind: float) -> None:
        """Set the gauge if it is time to look and what landed last is known."""
        now = time.monotonic()
        if now < self._next or behind > BEHIND_SECONDS:
            return
        self._next = now + EVERY_SECONDS
        counts = await silent_by_connector(self.database)
        # Of what is watched no longer, nothing is silent.
        for connector in self._told | counts.keys():
            self.metrics.silent_sources.labels(connector).set(counts.get(connector, 0))
        self._told = set(counts)
