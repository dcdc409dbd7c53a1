"""A till that posts its tickets, signed with the official library of Standard Webhooks."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import structlog
from standardwebhooks import Webhook

from hub.dev.simulator.said import Ticket

BATCH = 200
AN_HOUR = timedelta(hours=1)
KEPT = 2_000
"""Tickets that a till keeps; whoever sells more must wait."""
FIRST_WAIT, LONGEST_WAIT, LOUD_FROM = 0.2, 2.0, 30
LANDED, TOO_MANY, OUR_TROUBLE = 202, 429, 500

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Habit:
    """What is odd about a till; chances are those of each delivery."""

    gathers: float = 0.0
    """It waits a little and sends what it has as one batch."""
    hangs_up: float = 0.0
    """It loses the connection before it hears the answer, and sends again."""
    forgets_the_time: float = 0.0
    """Its clock is an hour late, until a refusal has it look at another one."""
    offline: tuple[float, float] | None = None
    """So many seconds it is online, and then offline."""
    twice: bool = False
    """It sends everything again, every other time under a new id."""


HABITS = {
    "steady": Habit(gathers=0.1),
    "flaky": Habit(hangs_up=0.15, forgets_the_time=0.05, offline=(9.0, 4.0)),
    "twice": Habit(twice=True),
}


@dataclass(slots=True)
class Till:
    """Keeps a ticket until somebody has answered it."""

    name: str
    """Unique among all tills and runs: the ids of its deliveries begin with it."""
    address: str
    secret: str
    habit: Habit
    client: httpx.AsyncClient
    chance: random.Random
    heard: Counter[str]
    _tickets: "asyncio.Queue[Ticket]" = field(default_factory=lambda: asyncio.Queue(KEPT))
    _deliveries: int = 0
    _is_closing: bool = False

    async def tell(self, ticket: Ticket) -> None:
        await self._tickets.put(ticket)

    async def settle(self) -> None:
        """Send everything that is kept, without any mood."""
        self._is_closing = True
        await self._tickets.join()

    async def run(self) -> None:
        """Post until cancelled."""
        while True:
            found = [await self._tickets.get()]
            await self._wait_in_some_mood()
            while len(found) < BATCH and not self._tickets.empty():
                found.append(self._tickets.get_nowait())
            await self._deliver(found)
            for _ in found:
                self._tickets.task_done()

    async def _wait_in_some_mood(self) -> None:
        if self.chance.random() < self.habit.gathers:
            await self._pause(1.0)
        if self.habit.offline:
            online, offline = self.habit.offline
            into = time.monotonic() % (online + offline)
            if into > online:
                self.heard["times_offline"] += 1
                await self._pause(online + offline - into)

    async def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._is_closing:  # noqa: ASYNC110 - a mood passes
            await asyncio.sleep(0.1)

    async def _deliver(self, tickets: Sequence[Ticket]) -> None:
        self._deliveries += 1
        delivery = f"{self.name}-{self._deliveries:06d}"
        bodies = [ticket.body for ticket in tickets]
        body = json.dumps(bodies[0] if len(bodies) == 1 else {"tickets": bodies})
        if self.chance.random() < self.habit.hangs_up:
            await self._hang_up(delivery, body)
        if self.chance.random() < self.habit.forgets_the_time:
            await self._is_answered(delivery, body, late=AN_HOUR)
        await self._until_answered(delivery, body)
        if self.habit.twice:
            again = delivery if self._deliveries % 2 else f"{delivery}-again"
            await self._until_answered(again, body)

    async def _until_answered(self, delivery: str, body: str) -> None:
        pause, attempt = FIRST_WAIT, 1
        while not await self._is_answered(delivery, body):
            if attempt == LOUD_FROM:
                log.warning("till.waited", name=self.name, attempt=attempt)
            await asyncio.sleep(pause)
            pause, attempt = min(LONGEST_WAIT, pause * 2), attempt + 1

    async def _is_answered(self, delivery: str, body: str, late: timedelta = timedelta()) -> bool:
        """Whether there is no reason to come again."""
        try:
            answer = await self.client.post(
                self.address, content=body, headers=self._signed(delivery, body, late)
            )
        except httpx.TransportError:
            self.heard["till_connections_lost"] += 1
            return False
        self.heard[f"till_{answer.status_code}"] += 1
        if answer.status_code == LANDED:
            told = Counter(ticket["status"] for ticket in answer.json()["tickets"])
            self.heard["tickets_landed"] += told["landed"]
            self.heard["tickets_refused"] += told["refused"]
        return answer.status_code < OUR_TROUBLE and answer.status_code != TOO_MANY

    def _signed(self, delivery: str, body: str, late: timedelta = timedelta()) -> dict[str, str]:
        now = datetime.now(UTC) - late
        return {
            "content-type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(delivery, now, body),
        }

    async def _hang_up(self, delivery: str, body: str) -> None:
        """Send all of it or half, and leave without hearing the answer."""
        address = httpx.URL(self.address)
        content = body.encode()
        head = "".join(
            f"{name}: {value}\r\n"
            for name, value in {
                "host": f"{address.host}:{address.port}",
                "content-length": str(len(content)),
                **self._signed(delivery, body),
            }.items()
        )
        some = content[: len(content) // self.chance.choice((1, 2))]
        try:
            _, writer = await asyncio.open_connection(address.host, address.port)
        except OSError:
            return
        self.heard["till_hung_up"] += 1
        writer.write(f"POST {address.raw_path.decode()} HTTP/1.1\r\n{head}\r\n".encode() + some)
        await asyncio.sleep(0.005)
        writer.close()
