"""Ask one thing and wait for the answer: what a door does with a caller.

The request's row is reserved before anything is published, so of many callers with one key exactly
one publishes; the others are told that it is on its way, or what was decided. A row that nobody
answered within the caller's patience was perhaps never published: whoever asks again publishes the
same event under the same id.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import structlog

from hub.adapters.kafka import Message, SharedOutlet
from hub.adapters.postgres import TenantDatabase
from hub.domain.errors import HubError
from hub.ledger.coalescing import Coalescer
from hub.ledger.plan import FINAL
from hub.ledger.replies import Replies
from hub.ledger.submit import TOLD, Submission, reserved
from hub.sdk.events import Outcome
from hub.sdk.failures import (
    BrokerAwayError,
    BrokerUnavailableError,
    DecideAgainError,
    StoreUnavailableError,
)
from schemas.refs import place
from schemas.topics import Topic

log = structlog.get_logger()

FIRST_LOOK, SLOWEST_LOOK = 0.1, 1.0
"""Seconds between two looks at the row, for the case that no word comes."""

RESERVE = """
select asked.n, r.*
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) with ordinality
    as asked(tenant, request, scope, body, event, correlation, n)
 cross join lateral hub_reserve(tenant, request, scope, body, event, correlation, $7) r
"""
LOOK = """
select asked.n, r.*
  from unnest($1::text[], $2::text[]) with ordinality as asked(tenant, request, n)
 cross join lateral hub_look(tenant, request) r
"""
UNSENT = "update request set sent_at = null where id = $1 and outcome is null"


class ForeignRequestError(HubError):
    """Two tenants derived one request id, which their ids make impossible."""


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
    _reserving: Coalescer[Submission, Any] = field(init=False)
    _looking: Coalescer[tuple[str, str], Any] = field(init=False)

    def __post_init__(self) -> None:
        self._reserving = Coalescer(self._reserve_all)
        self._looking = Coalescer(self._look_all)

    async def ask(self, submission: Submission) -> Told:
        """Reserve, publish, wait.

        Raises:
            StoreUnavailableError: nothing was sent.
            BrokerAwayError: nothing was sent.
            BrokerUnavailableError: it may have been sent; ask the same again.

        """
        deadline = asyncio.get_running_loop().time() + self.patience
        # Before the row exists, so that no word can come unheard.
        async with self.replies.awaiting(submission.request) as word:
            known = await self._reserve(submission)
            if known is not None:
                return known
            await self._publish(submission, deadline)
            return await self._wait(submission, word, deadline)

    async def take_in(self, submissions: Sequence[Submission]) -> None:
        """Reserve and publish, and wait for no answer: `look` tells it, request by request.

        Raises:
            StoreUnavailableError: nothing was sent.
            BrokerAwayError: nothing was sent.
            BrokerUnavailableError: some may have been sent.

        """
        known = await asyncio.gather(*map(self._reserve, submissions))
        lanes: dict[tuple[str, int], list[Message]] = {}
        for one, told in zip(submissions, known, strict=True):
            if told is None:
                lane = (self.topic.name, place(one.home, self.partitions))
                lanes.setdefault(lane, []).append(one.message())
        try:
            async with asyncio.timeout(self.patience):
                await self.outlet.send_all(lanes)
        except TimeoutError as error:
            message = f"no acknowledgement within {self.patience:g} s"
            raise BrokerUnavailableError(message) from error

    async def _reserve(self, one: Submission) -> Told | None:
        """None where it is for this caller to publish."""
        request = one.request
        row = await self._reserving.ask(one)
        if row is None:
            message = f"request {request} belongs to another tenant"
            raise ForeignRequestError(message)
        if row["mine"]:
            return None
        if row["body_hash"] != one.body_hash:
            return Told(request, State.REUSED)
        told = _told(request, row, replayed=True)
        # What is accepted and kept (held, retrying) needs no second sending either.
        return told if told.outcome is not None else Told(request, State.IN_FLIGHT)

    async def _reserve_all(self, asked: Sequence[Submission]) -> list[Any]:
        """In the order of ids, so that two doors that reserve the same never wait for each other."""
        order = sorted(range(len(asked)), key=lambda n: asked[n].request)
        columns = reserved(asked[n] for n in order)
        found = await self._reserve_rows([*columns, self.patience])
        answers: list[Any] = [None] * len(asked)
        for row in found:
            answers[order[row["n"] - 1]] = row
        return answers

    async def _reserve_rows(self, values: Sequence[object]) -> list[Any]:
        try:
            return await self.database.fetch(RESERVE, *values)
        except DecideAgainError as again:
            # Somebody wanted the same rows in another order, and Postgres ended ours.
            log.info("ask.reserved_again", reason=str(again))
        try:
            return await self.database.fetch(RESERVE, *values)
        except DecideAgainError as again:
            raise StoreUnavailableError(str(again)) from again

    async def _look_all(self, asked: Sequence[tuple[str, str]]) -> list[Any]:
        found = await self.database.fetch(LOOK, *map(list, zip(*asked, strict=True)))
        answers: list[Any] = [None] * len(asked)
        for row in found:
            answers[row["n"] - 1] = row
        return answers

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
            told = await self._look_now(one)
            if told.outcome in TOLD or loop.time() >= deadline:
                return told

    async def _look_now(self, one: Submission) -> Told:
        try:
            told = await self.look(one.envelope.tenant, one.request)
        except StoreUnavailableError:
            # It is on Kafka and will be decided, whether or not anybody can see that now.
            told = None
        return told or Told(one.request, State.WAITING)

    async def look(self, tenant: str, request: str) -> Told | None:
        """How far a request of this tenant is; None where there is none."""
        row = await self._looking.ask((tenant, request))
        return None if row is None else _told(request, row, replayed=False)


def _told(request: str, row: Any, *, replayed: bool) -> Told:
    if row["outcome"] is None:
        return Told(request, State.WAITING)
    outcome = Outcome(row["outcome"])
    state = State.DECIDED if outcome in FINAL else State.WAITING
    return Told(request, state, outcome, row["answer"], replayed and state is State.DECIDED)
