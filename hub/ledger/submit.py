"""Say something to the hub and hear what was decided: reserve a request, publish, wait for its row.

The request's id derives from tenant, scope and event id, so whoever repeats a submission finds the
first one. Decided: its answer, and nothing is sent. Undecided: the same event is sent again, which
the engine recognises. Same id with another body: refused.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter

from hub.adapters.kafka import Message, Outlet
from hub.adapters.postgres import Database
from hub.ledger.homes import encode
from hub.ledger.plan import FINAL
from hub.ledger.wire import REQUEST, WAKE
from hub.sdk.events import Outcome
from schemas.envelope import Envelope, to_headers
from schemas.refs import derived_id, place
from schemas.topics import Topic

TOLD = frozenset({*FINAL, Outcome.EARLY, Outcome.DEAD_LETTERED})
"""What a waiting caller is told at once; the rest may change within seconds."""
FIRST_LOOK = 0.05
SLOWEST_LOOK = 1.0

RESERVE = """
insert into request (tenant, id, scope, body_hash, event_id, correlation)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
on conflict (id) do nothing
"""
READ = "select id, body_hash, outcome, answer from request where id = any($1::text[])"


@dataclass(frozen=True, slots=True)
class Submission:
    """An event for a home, and the scope within which its id names one request."""

    scope: str
    envelope: Envelope
    home: str
    body: bytes
    extra: tuple[tuple[str, bytes], ...] = ()
    """Headers beside those of the envelope."""

    @property
    def request(self) -> str:
        """The id of the request row."""
        return derived_id("req", self.envelope.tenant, self.scope, self.envelope.id)

    @property
    def body_hash(self) -> str:
        """What the body is compared by when the id comes again."""
        return sha256(self.body).hexdigest()

    def message(self, *, wake: bool = False) -> Message:
        """The record; with `wake` its answer is told over `replies.v1` too."""
        headers = [*to_headers(self.envelope), (REQUEST, self.request.encode()), *self.extra]
        if wake:
            headers.append((WAKE, b"1"))
        return Message(self.home.encode(), self.body, headers)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided; `outcome` is None, and `text` too, while nothing has been."""

    request: str
    outcome: Outcome | None
    text: str | None
    """JSON, as the decision gave it."""
    replayed: bool = False
    """An earlier submission had been answered already, so nothing was sent now."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Submissions on their way: requests in the order asked, and what is answered already."""

    requests: tuple[str, ...]
    answered: dict[str, Answer]


class Submitter:
    """Submits to an intake topic. Several callers may share one, each awaiting its own answers."""

    def __init__(
        self,
        database: Database,
        outlet: Outlet,
        topic: Topic,
        partitions: int,
        elsewhere: Mapping[str, Topic] | None = None,
    ) -> None:
        """Take what is needed; `partitions` is the count of all intake topics.

        Facts of the types that stand in `elsewhere` go to another one.
        """
        self._elsewhere = elsewhere or {}
        self._database = database
        self._outlet = outlet
        self._topic = topic
        self._partitions = partitions

    async def send(self, submissions: Sequence[Submission]) -> Sent:
        """Reserve and publish, in order for each home.

        Raises:
            StoreUnavailableError: nothing was sent.
            BrokerUnavailableError: some may have been sent; submit the same again.

        """
        answered: dict[str, Answer] = {}
        wanted: dict[str, Submission] = {}
        keys = [_key(number, one, wanted, answered) for number, one in enumerate(submissions)]
        await self._reserve(list(wanted.values()))
        rows = {row["id"]: row for row in await self._database.fetch(READ, list(wanted))}
        undecided: list[Submission] = []
        for request, one in wanted.items():
            row = rows[request]
            if row["body_hash"] != one.body_hash:
                answered[request] = _reused(one)
            elif row["outcome"] is None:
                undecided.append(one)
            elif row["outcome"] in FINAL:
                outcome = Outcome(row["outcome"])
                answered[request] = Answer(request, outcome, row["answer"], replayed=True)
        await self._publish(undecided)
        return Sent(tuple(keys), answered)

    async def _reserve(self, submissions: Sequence[Submission]) -> None:
        if submissions:
            asked = sorted(submissions, key=attrgetter("request"))
            await self._database.execute(RESERVE, *reserved(asked))

    async def _publish(self, submissions: Iterable[Submission]) -> None:
        by_place: dict[tuple[str, int], list[Message]] = {}
        for one in submissions:
            topic = self._elsewhere.get(one.envelope.type, self._topic)
            where = (topic.name, place(one.home, self._partitions))
            by_place.setdefault(where, []).append(one.message())
        # One after the other: a producer that fails takes everything with it that is in flight.
        for (name, partition), messages in sorted(by_place.items()):
            await self._outlet.send(name, partition, messages)

    async def answers(self, sent: Sent, *, within: float) -> list[Answer]:
        """The answers in the order asked, waiting at most that many seconds.

        What is undecided then may still be decided later: submit the same again to hear it.
        """
        answers = dict(sent.answered)
        deadline = asyncio.get_running_loop().time() + within
        pause = FIRST_LOOK
        while True:
            left = [
                request
                for request in dict.fromkeys(sent.requests)
                if not _told(answers.get(request))
            ]
            for row in await self._database.fetch(READ, left) if left else ():
                outcome = Outcome(row["outcome"]) if row["outcome"] else None
                answers[row["id"]] = Answer(row["id"], outcome, row["answer"])
            remaining = deadline - asyncio.get_running_loop().time()
            if remaining <= 0 or all(_told(answers.get(request)) for request in left):
                return [answers[request] for request in sent.requests]
            await asyncio.sleep(min(pause, remaining))
            pause = min(pause * 1.5, SLOWEST_LOOK)


def reserved(submissions: Iterable[Submission]) -> list[list[str | None]]:
    """What is reserved of each, column by column: tenant, request, scope, hash of the body, event, correlation.

    To be given in the order of the requests, so that two who reserve the same never wait for each other.
    """
    rows = (
        (
            one.envelope.tenant,
            one.request,
            one.scope,
            one.body_hash,
            one.envelope.id,
            one.envelope.correlationid,
        )
        for one in submissions
    )
    return [list(column) for column in zip(*rows, strict=True)]


def _key(
    number: int, one: Submission, wanted: dict[str, Submission], answered: dict[str, Answer]
) -> str:
    """Under which its answer is found: its request, unless that came here with another body."""
    request = one.request
    if wanted.setdefault(request, one).body_hash == one.body_hash:
        return request
    key = f"{request}/{number}"
    answered[key] = _reused(one)
    return key


def _told(answer: Answer | None) -> bool:
    return answer is not None and answer.outcome in TOLD


def _reused(one: Submission) -> Answer:
    message = f"event id {one.envelope.id!r} was submitted before with another body"
    reasons = [{"code": "id_reused", "message": message}]
    return Answer(one.request, Outcome.REJECTED, encode({"reasons": reasons}).decode())
