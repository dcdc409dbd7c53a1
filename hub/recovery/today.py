"""What an item would meet if it were tried by this process now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.ledger import wire
from hub.ledger.wire import Incoming, Payload
from hub.sdk.processor import Processor
from schemas.base import Fact


@dataclass(frozen=True, slots=True)
class Today:
    """Code, settings and keys as they are now."""

    keyring: Keyring
    processors: Mapping[str, Processor[Any]]
    """By the topic each reads; what stands on another topic is a raw record."""
    sources: SourceStore
    raw: Mapping[str, str] = field(default_factory=dict)
    """The connector of each raw topic."""

    def models(self, topic: str) -> dict[str, type[Fact]]:
        """The facts that a topic takes, by their type; none where it is a raw topic."""
        processor = self.processors.get(topic)
        return {fact.TYPE: fact for fact in processor.consumes} if processor else {}

    def payload(self, tenant: str, sealed: bytes) -> Payload:
        """What was sealed, opened.

        Raises:
            SealError: it was sealed with another key.

        """
        return wire.unpack(self.keyring.open(tenant, sealed))

    async def opened(self, tenant: str, sealed: bytes) -> Payload:
        """The same, also where its key was made a moment ago.

        Raises:
            SealError: it was sealed with another key.

        """
        return wire.unpack(await self.keyring.opened(tenant, sealed))

    def incoming(self, topic: str, offset: int, payload: Payload) -> Incoming:
        """An event as the engine would read it."""
        return wire.read(offset, payload, self.models(topic), self.keyring)
