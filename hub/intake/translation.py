"""Records that are translated together: with their sources' settings, and what has to be fetched for them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from hub.access.keyring import Keyring
from hub.access.sources import Source, Sources
from hub.adapters.kafka import Feed, Peek
from hub.adapters.postgres import Database
from hub.domain.errors import UnavailableError
from hub.domain.fate import Retry
from hub.intake.enriching import Enricher
from hub.intake.gate import Gate
from hub.intake.meaning import Landed, Meaning, Missing, Target, delayed, translate, waiting
from hub.intake.rounds import NEW, Before, Round
from hub.ledger.patience import Patience
from hub.ledger.queues import Queues
from hub.telemetry.metrics import Metrics

log = structlog.get_logger()

QUEUED = ("retrying", "held")
"""What later records of the same key wait behind."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What every lane of a translator shares."""

    connector: str
    database: Database
    feed: Feed
    peek: Peek
    """Reads what is replayed."""
    sources: Sources
    keyring: Keyring
    targets: Mapping[str, Target]
    gates: Sequence[Gate]
    metrics: Metrics
    batch: int
    patience: Patience
    enricher: Enricher
    release: str = ""
    """Of the hub, kept beside what it could not translate."""


@dataclass(frozen=True, slots=True)
class Translation:
    """Some records of one partition on their way into a round."""

    engine: Engine
    queues: Queues
    sources: Mapping[tuple[str, str], Source | None]

    @staticmethod
    async def prepared(  # noqa: PLR0913 - which records, and how they are looked at
        engine: Engine,
        part: int,
        queues: Queues,
        landed: Sequence[Landed],
        asking: Sequence[Landed],
        *,
        fresh: bool,
        insist: Collection[int] = (),
    ) -> "Translation":
        """Look the sources of all up, and fetch what those need that are `asking`.

        `insist` names the offsets for which even what is known to be away is asked.
        """
        names = {(one.tenant, one.source) for one in landed if one.envelope}
        sources = {name: await engine.sources.get(*name, fresh=fresh) for name in names}
        gone = {
            n for n, one in sources.items() if one is None and await engine.sources.is_erased(*n)
        }
        for one in landed:
            one.is_erased = (one.tenant, one.source) in gone
        found = await engine.enricher.fetch(part, asking, sources, insist)
        for one in asking:
            match found.get(one.offset):
                case Missing() as missing:
                    one.lacks = missing
                case bytes() as body:
                    one.enriched = body
        return Translation(engine, queues, sources)

    def take(self, round_: Round, landed: Landed, before: Before = NEW, attempts: int = 0) -> None:
        """Make of a record what it means, or let it wait; it was tried so often before."""
        source = self._source(landed)
        if before is NEW and self.queues.holds(landed.key):
            meaning = waiting(source)
        else:
            meaning = self._meaning(landed, source, attempts)
        if meaning.outcome in QUEUED and before.outcome not in QUEUED and landed.key:
            self.queues.enter(landed.key)
        round_.take(landed, meaning, source, self.engine.keyring, before)

    def hold(self, round_: Round, landed: Landed, before: Before) -> None:
        """Let a record that waited alone wait behind others of its key."""
        source = self._source(landed)
        self.queues.enter(landed.key)
        round_.take(landed, waiting(source), source, self.engine.keyring, before)

    def give_up(self, round_: Round, landed: Landed, why: str, before: Before) -> None:
        """End a record with a person's reason."""
        round_.give_up(landed, why, self._source(landed), before)

    def _source(self, landed: Landed) -> Source | None:
        return self.sources[landed.tenant, landed.source] if landed.envelope else None

    def _meaning(self, landed: Landed, source: Source | None, attempts: int) -> Meaning:
        engine, lacks = self.engine, landed.lacks
        if lacks is not None and isinstance(lacks.error, UnavailableError):
            fate, attempt = engine.patience.after(lacks.error, attempts, counts=lacks.counts)
            if isinstance(fate, Retry):
                delay = max(fate.delay or 0.0, lacks.pause) or None
                return delayed(lacks.error, source, delay, attempt)
        meaning = translate(landed, source, engine.connector, engine.targets)
        if meaning.error:
            topic, why = engine.feed.topic, meaning.reason
            log.error("record.failed", topic=topic, offset=landed.offset, why=why)
        return replace(meaning, attempt=attempts + 1)
