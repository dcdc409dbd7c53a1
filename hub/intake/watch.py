"""Keeps the gauges that no lane can know: what is landed and not translated, parked, unaccounted for."""

from dataclasses import dataclass

from hub.adapters.kafka import KafkaSettings, Peek
from hub.adapters.postgres import Database
from hub.intake.rounds import WAITING
from hub.ledger.breakers import count_breakers
from hub.ledger.watching import EVERY_SECONDS, keep_looking, lag
from hub.telemetry.metrics import Metrics

OWNERS = """
select part, first_offset, next_offset, parked, retrying, held,
       translated + meaningless + parked + retrying + held + stepped_over as accounted
  from landing_owner where topic = $1 order by part
"""
AGES = """
select state, greatest(0, extract(epoch from clock_timestamp() - min(received_at)))::float8 as age
  from item where topic = $1 group by state
"""


@dataclass(frozen=True, slots=True)
class RawWatch:
    """Looks at one raw topic's partitions, whoever owns them."""

    topic: str
    kafka: KafkaSettings
    database: Database
    metrics: Metrics
    every: float = EVERY_SECONDS

    async def run(self) -> None:
        """Look again and again until cancelled; while one is away, gauges stand."""
        await keep_looking(self.topic, self.kafka, self.metrics, self.look, self.every)

    async def look(self, peek: Peek) -> None:
        """Set every gauge once."""
        owners = await self.database.fetch(OWNERS, self.topic)
        for one in owners:
            passed = one["next_offset"] - one["first_offset"]
            unaccounted = passed - one["accounted"]
            self.metrics.raw_unaccounted.labels(self.topic, one["part"]).set(unaccounted)
            waiting, seconds = await lag(peek, self.topic, one["part"], one["next_offset"])
            self.metrics.raw_lag_records.labels(self.topic, one["part"]).set(waiting)
            self.metrics.raw_lag_seconds.labels(self.topic, one["part"]).set(seconds)
        self.metrics.parked.labels(self.topic).set(sum(one["parked"] for one in owners))
        ages = {row["state"]: row["age"] for row in await self.database.fetch(AGES, self.topic)}
        for state in WAITING:
            count = sum(one[state] for one in owners)
            self.metrics.open_items.labels(self.topic, state).set(count)
            self.metrics.oldest_item_seconds.labels(self.topic, state).set(ages.get(state, 0.0))
        await count_breakers(self.database, self.metrics)
