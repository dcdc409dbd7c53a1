"""A caller asks one thing and waits: reserved once, published once, answered from its row."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from hub.adapters.kafka import KafkaSettings, SharedOutlet, apply_topics
from hub.adapters.postgres import TenantDatabase, connect_for_tenants
from hub.ledger.ask import Asker, State
from hub.ledger.replies import Replies
from hub.ledger.submit import Submission
from hub.sdk.events import Outcome
from hub.sdk.failures import BrokerAwayError, BrokerUnavailableError, StoreUnavailableError
from schemas.envelope import Envelope, source_of
from schemas.events.parts import Order, Product
from schemas.events.sale import SaleLine, SaleRecorded
from schemas.refs import derived_id, order_home
from schemas.topics import REPLIES
from tests.intake.conftest import PARTITIONS, TENANT, Installation

pytestmark = pytest.mark.servers

BLOCKED = """
select count(*) > 0 from pg_stat_activity
 where datname = current_database() and wait_event_type = 'Lock'
"""


def a_sale(key: str, *, product: str = "TV-55") -> Submission:
    fact = SaleRecorded(
        order=Order(namespace="till", reference=f"R-{key}"),
        sold_at=datetime(2026, 1, 31, 10, tzinfo=UTC),
        zone="Europe/Istanbul",
        lines=(SaleLine(line="1", product=Product(code=product)),),
    )
    home = order_home(TENANT, "till", f"R-{key}")
    event = derived_id("api", TENANT, "shop", "activations", key)
    envelope = Envelope(
        id=event,
        source=source_of(TENANT, "api"),
        type=fact.TYPE,
        time=fact.sold_at,
        tenant=TENANT,
        partitionkey=home,
    )
    return Submission("activations/shop", envelope, home, fact.model_dump_json().encode())


@dataclass(slots=True)
class Door:
    """One API process's part in asking."""

    hub: Installation
    database: TenantDatabase
    replies: Replies
    kafka: KafkaSettings

    def asker(self, patience: float = 10.0, kafka: str = "") -> Asker:
        settings = KafkaSettings(kafka) if kafka else self.kafka
        outlet = SharedOutlet(settings)
        return Asker(
            self.database, outlet, self.replies, self.hub.intake, PARTITIONS, patience=patience
        )

    async def rows(self) -> list[Any]:
        return await self.hub.database.fetch("select id, outcome, sent_at from request")


@pytest.fixture
async def door(idle: Installation) -> AsyncIterator[Door]:
    await apply_topics(idle.settings, [REPLIES], partitions=1, replication=1)
    database = await connect_for_tenants(idle.dsn, size=8)
    replies = Replies()
    listening = asyncio.create_task(replies.follow(idle.settings))
    yield Door(idle, database, replies, idle.settings)
    listening.cancel()
    await asyncio.wait([listening])
    await database.close()


async def test_answers_with_what_was_decided_and_again_the_same(door: Door) -> None:
    await door.hub.start()
    asker = door.asker(30)

    first = await asker.ask(a_sale("1"))
    again = await asker.ask(a_sale("1"))
    await asker.outlet.stop()

    assert (first.state, first.outcome, first.replayed) == (State.DECIDED, Outcome.APPLIED, False)
    assert (again.state, again.answer, again.replayed) == (State.DECIDED, first.answer, True)


async def test_a_word_wakes_the_caller_long_before_it_would_look_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.hub.start()
    asker = door.asker(30)
    await asker.ask(a_sale("first, while everything connects"))
    monkeypatch.setattr("hub.ledger.ask.FIRST_LOOK", 20.0)

    async with asyncio.timeout(10):
        told = await asker.ask(a_sale("2"))
    await asker.outlet.stop()

    assert told.state is State.DECIDED


async def test_of_64_callers_with_one_key_one_publishes(door: Door) -> None:
    await door.hub.start()
    asker = door.asker(30)

    told = await asyncio.gather(*(asker.ask(a_sale("3")) for _ in range(64)))
    await asker.outlet.stop()

    assert Counter(one.state for one in told) == {State.DECIDED: 1, State.IN_FLIGHT: 63}
    assert await door.hub.database.fetchval("select count(*) from unit") == 1


async def test_another_body_under_the_same_key_is_told_so_whoever_comes_first(door: Door) -> None:
    await door.hub.start()
    asker = door.asker(30)
    both = [a_sale("4", product="TV-55"), a_sale("4", product="TV-65")]

    told = await asyncio.gather(*(asker.ask(one) for one in both))
    await asker.outlet.stop()

    assert {one.state for one in told} == {State.DECIDED, State.REUSED}
    assert await door.hub.database.fetchval("select count(*) from unit") == 1


async def test_undecided_in_time_it_waits_and_a_later_caller_publishes_the_same_event(
    door: Door,
) -> None:
    asker = door.asker(0.6)

    first = await asker.ask(a_sale("5"))
    at_once = await asker.ask(a_sale("5"))
    await asyncio.sleep(0.7)
    later = await asker.ask(a_sale("5"))
    await door.hub.start()
    asker.patience = 30
    decided = await asker.ask(a_sale("5"))
    while decided.state is not State.DECIDED:
        decided = await asker.look(TENANT, first.request) or decided
        await asyncio.sleep(0.1)
    await asker.outlet.stop()

    assert [one.state for one in (first, later)] == [State.WAITING, State.WAITING]
    assert at_once.state in {State.WAITING, State.IN_FLIGHT}
    assert decided.outcome is Outcome.APPLIED
    assert await door.hub.database.fetchval("select count(*) from unit") == 1


async def test_nothing_is_sent_while_kafka_is_away_and_the_key_is_free_at_once(door: Door) -> None:
    away = door.asker(5, kafka="127.0.0.1:1")
    with pytest.raises(BrokerAwayError):
        await away.ask(a_sale("6"))

    await door.hub.start()
    asker = door.asker(30)
    told = await asker.ask(a_sale("6"))
    await asker.outlet.stop()

    assert (told.state, told.replayed) == (State.DECIDED, False)


async def test_a_round_that_deadlocks_is_asked_once_more(door: Door) -> None:
    asker = door.asker(0.5)
    both = await late(door, asker, "8", "9")

    async with deadlocks(door, both, times=1):
        told = await asyncio.gather(*(asker.ask(one) for one in both))
    await asker.outlet.stop()

    assert [one.state for one in told] == [State.WAITING, State.WAITING]
    assert all(row["sent_at"] for row in await door.rows())


async def test_a_round_that_deadlocks_again_is_given_up_and_nothing_was_sent(door: Door) -> None:
    asker = door.asker(0.5)
    both = await late(door, asker, "8", "9")

    async with deadlocks(door, both, times=2):
        told = await asyncio.gather(*(asker.ask(one) for one in both), return_exceptions=True)
    await asker.outlet.stop()

    assert [type(one) for one in told] == [StoreUnavailableError, StoreUnavailableError]
    assert told[0] is not told[1]


async def late(door: Door, asker: Asker, *keys: str) -> list[Submission]:
    """Submissions that nobody answered in time, so that whoever asks again sends them again."""
    found = sorted((a_sale(key) for key in keys), key=lambda one: one.request)
    # The first word of a new producer may take longer than they wait.
    await asyncio.gather(*(asker.ask(one) for one in found), return_exceptions=True)
    await door.hub.database.execute("update request set sent_at = null")
    asker.patience = 20
    return found


@asynccontextmanager
async def deadlocks(door: Door, asked: Sequence[Submission], *, times: int) -> AsyncIterator[None]:
    """Somebody who locks the same rows in the other order, and whom Postgres spares."""
    settings = {"deadlock_timeout": "60s"}
    rival = await asyncpg.connect(door.hub.dsn, server_settings=settings)
    ready = asyncio.Event()
    crossing = asyncio.create_task(_cross(rival, door, asked, times, ready))
    await ready.wait()
    yield
    await crossing
    await rival.close()


async def _cross(
    rival: Any, door: Door, asked: Sequence[Submission], times: int, ready: asyncio.Event
) -> None:
    first, second = (one.request for one in asked)
    touch = "update request set scope = scope where id = $1"
    async with rival.transaction():
        await rival.execute(touch, second)
        ready.set()
        for _ in range(times):
            async with asyncio.timeout(10):
                while not await door.hub.database.fetchval(BLOCKED):  # noqa: ASYNC110 - Postgres tells nobody
                    await asyncio.sleep(0.02)
            nested = rival.transaction()
            await nested.start()
            await rival.execute(touch, first)
            # Let go again, so that whoever asks once more comes as far as before.
            await nested.rollback()
            await asyncio.sleep(0.2)


async def test_what_was_sent_but_not_acknowledged_has_an_unknown_outcome(door: Door) -> None:
    async def never(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    silent = await asyncio.start_server(never, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    asker = door.asker(0.5, kafka=f"127.0.0.1:{port}")

    with pytest.raises(BrokerUnavailableError) as said:
        await asker.ask(a_sale("7"))

    assert not isinstance(said.value, BrokerAwayError)
    silent.close()
