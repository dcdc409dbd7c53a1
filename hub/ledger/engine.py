"""What every partition of a worker shares, and what it tells of each plan that is committed."""

import time
from dataclasses import dataclass, field
from typing import Any

from hub.access.keyring import Keyring
from hub.adapters.kafka import Feed
from hub.adapters.postgres import Database
from hub.ledger.batch import Batch
from hub.ledger.lookups import Lookups
from hub.ledger.outside import Nobody, Outside
from hub.ledger.patience import Patience
from hub.ledger.plan import Plan
from hub.ledger.recalled import Policies, Tenants
from hub.ledger.replies import Waker
from hub.ledger.standing import Standing
from hub.sdk.events import Outcome
from hub.sdk.processor import Processor
from hub.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Engine:
    """The parts, none of which belongs to one partition."""

    processor: Processor[Any]
    database: Database
    feed: Feed
    keyring: Keyring
    metrics: Metrics
    waker: Waker
    batch: int
    sql: str
    patience: Patience
    release: str = ""
    """Of the hub, kept beside what it could not decide."""
    outside: Outside = field(default_factory=Nobody)
    tenants: Tenants = field(default_factory=Tenants)
    policies: Policies = field(default_factory=Policies)

    def deciding(self, standing: Standing, plan: Plan, ahead: Plan | None) -> Batch:
        """A batch that fills a plan; `ahead` is the one in flight, whose writes it sees already."""
        lookups = Lookups(self.database, self.processor, plan, ahead, self.tenants, self.policies)
        return Batch(
            self.processor, self.keyring, lookups, standing, plan, self.patience, self.outside
        )

    def observe(self, plan: Plan, part: int) -> None:
        """Count what was committed, and how old it was."""
        metrics, topic = self.metrics, self.feed.topic
        for outcome, count in plan.counts.items():
            if count > 0:
                metrics.events.labels(topic, str(outcome)).inc(count)
        if plan.counts[Outcome.STEPPED_OVER]:
            metrics.stepped_over.labels(topic, part).inc(plan.counts[Outcome.STEPPED_OVER])
        if plan.oldest_ms is not None:
            age = time.time() - plan.oldest_ms / 1000
            metrics.event_age.labels("decided").observe(max(0.0, age))
