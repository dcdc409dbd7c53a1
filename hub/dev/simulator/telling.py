"""One event as a source publishes it."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime

from hub.adapters.kafka import Message
from schemas.base import Fact
from schemas.envelope import Envelope, source_of, to_headers
from schemas.refs import place


@dataclass(frozen=True, slots=True)
class Telling:
    """What is said; saying it again is the same id with the same body."""

    id: str
    tenant: str
    connector: str
    type: str
    body: bytes | None
    home: str | None = None
    """Absent where the source cannot know it; the hub then finds the place."""

    def partition(self, partitions: int, chance: random.Random) -> int:
        return chance.randrange(partitions) if self.home is None else place(self.home, partitions)

    def message(self) -> Message:
        """The record: a CloudEvent in binary mode."""
        envelope = Envelope(
            id=self.id,
            source=source_of(self.tenant, self.connector),
            type=self.type,
            time=datetime.now(UTC),
            tenant=self.tenant,
            partitionkey=self.home,
        )
        return Message((self.home or self.id).encode(), self.body, to_headers(envelope))


def told(name: str, tenant: str, connector: str, fact: Fact, home: str | None) -> Telling:
    """A fact told by a source under the id `name`."""
    body = fact.model_dump_json(exclude_none=True).encode()
    return Telling(name, tenant, connector, fact.TYPE, body, home)
