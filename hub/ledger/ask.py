"""Ask one thing and wait for the answer: what a door does with a caller.

The request's row is reserved before anything is published, so of many callers with one key exactly
one publishes; the others are told that it is on its way, or what was decided. A row that nobody
answered within the caller's patience was perhaps never published: whoever asks again publishes the
same event under the same id.
"""

import asyncio
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from hub.adapters.kafka import SharedOutlet
from hub.adapters.postgres import Queries, TenantDatabase
from hub.ledger.plan import FINAL
from hub.ledger.replies import Replies
from hub.ledger.submit import TOLD, Submission
from hub.sdk.events import Outcome
from hub.sdk.failures import BrokerAwayError, BrokerUnavailableError
from schemas.refs import place
from schemas.topics import Topic

FIRST_LOOK, SLOWEST_LOOK = 0.1, 1.0
"""Seconds between two looks at the row, for the case that no word comes."""

RESERVE = """
with mine as (
  insert into request (id, tenant, scope, body_hash, event_id, correlation, sent_at)
  values ($1, $2, $3, $4, $5, $6, clock_timestamp())
  on conflict (id) do nothing returning 1)
select exists (select 1 from mine) as is_new
"""
LOOK = """
select body_hash, outcome, answer,
       sent_at is not null and sent_at > clock_timestamp() - make_interval(secs => $2) as in_flight
  from request where id = $1
"""
TAKE = """
update request set sent_at = clock_timestamp()
 where id = $1 and outcome is null
   and (sent_at is null or sent_at <= clock_timestamp() - make_interval(secs => $2))
"""
UNSENT = "update request set sent_at = null where id = $1 and outcome is null"
ONE = "UPDATE 1"


class State(Enum):
    """How far a request is."""

    DECIDED = auto()
    WAITING = auto()
    """It is on Kafka and will be decided; ask again later."""
    IN_FLIGHT = auto()
    """Somebody else published it a moment ago; nothing was sent now."""
    REUSED = auto()
    """Its key came before with another body."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller is told of a request."""

    request: str
    state: State
    outcome: Outcome | None = None
    answer: str | None = None
    """JSON, as the decision gave it."""
    replayed: bool = False
    """It had been decided before this caller came."""


@dataclass(slots=True)
class Asker:
    """Asks on one intake topic, for as many callers at once as come."""

    database: TenantDatabase
    outlet: SharedOutlet
    replies: Replies
    topic: Topic
    partitions: int
    patience: float = 5.0
    """Seconds for which a caller waits."""

    async def ask(self, submission: Submission) -> Told:
        """Reserve, publish, wait.

        Raises:
            StoreUnavailableError: nothing was sent.
            BrokerAwayError: nothing was sent.
            BrokerUnavailableError: it may have been sent; ask the same again.

        """
        deadline = asyncio.get_running_loop().time() + self.patience
        tenant, request = submission.envelope.tenant, submission.request
        # Before the row exists, so that no word can come unheard.
        async with self.replies.awaiting(request) as word:
            async with self.database.speaking_for(tenant) as queries:
                known = await self._reserve(queries, submission)
            if known is not None:
                return known
            await self._publish(submission, deadline)
            return await self._wait(submission, word, deadline)

    async def _reserve(self, queries: Queries, one: Submission) -> Told | None:
        """None where it is for this caller to publish."""
        envelope = one.envelope
        row = (envelope.tenant, one.scope, one.body_hash, envelope.id, envelope.correlationid)
        if (await queries.fetch(RESERVE, one.request, *row))[0]["is_new"]:
            return None
        (found,) = await queries.fetch(LOOK, one.request, self.patience)
        if found["body_hash"] != one.body_hash:
            return Told(one.request, State.REUSED)
        told = _told(one.request, found, replayed=True)
        if told.state is State.DECIDED:
            return told
        if found["outcome"] is not None:
            # Accepted and kept (held, retrying): there is nothing to send.
            return told
        if (
            not found["in_flight"]
            and await queries.execute(TAKE, one.request, self.patience) == ONE
        ):
            return None
        return Told(one.request, State.IN_FLIGHT)

    async def _publish(self, one: Submission, deadline: float) -> None:
        sending = self.outlet.send(
            self.topic.name, place(one.home, self.partitions), [one.message(wake=True)]
        )
        try:
            async with asyncio.timeout_at(deadline):
                await sending
        except BrokerAwayError:
            async with self.database.speaking_for(one.envelope.tenant) as queries:
                await queries.execute(UNSENT, one.request)
            raise
        except TimeoutError as error:
            message = f"no acknowledgement within {self.patience:g} s"
            raise BrokerUnavailableError(message) from error

    async def _wait(self, one: Submission, word: asyncio.Event, deadline: float) -> Told:
        pause = FIRST_LOOK
        loop = asyncio.get_running_loop()
        while True:
            left = deadline - loop.time()
            try:
                async with asyncio.timeout(min(pause, max(left, 0))):
                    await word.wait()
            except TimeoutError:
                pause = min(pause * 2, SLOWEST_LOOK)
            word.clear()
            told = await self.look(one.envelope.tenant, one.request)
            if told is not None and (told.outcome in TOLD or loop.time() >= deadline):
                return told

    async def look(self, tenant: str, request: str) -> Told | None:
        """How far a request of this tenant is; None where there is none."""
        async with self.database.speaking_for(tenant) as queries:
            rows = await queries.fetch(LOOK, request, self.patience)
        return _told(request, rows[0], replayed=False) if rows else None


def _told(request: str, row: Any, *, replayed: bool) -> Told:
    if row["outcome"] is None:
        return Told(request, State.WAITING)
    outcome = Outcome(row["outcome"])
    state = State.DECIDED if outcome in FINAL else State.WAITING
    return Told(request, state, outcome, row["answer"], replayed and state is State.DECIDED)
