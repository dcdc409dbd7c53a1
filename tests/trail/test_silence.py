"""A source that is quiet for longer than it was said to be is silent until it lands again."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.access.keyring import Keyring
from hub.access.silence import Quiet, may_be_quiet, quiet_sources
from hub.access.sources import SourceStore
from hub.adapters.postgres import Database
from hub.recovery.doctor import Installation, Level, doctor
from hub.registry import connectors
from hub.telemetry.metrics import Metrics
from hub.trail.rebuild import rebuild
from tests.trail.conftest import OTHER, TENANT, Hub, eventually, only
from tests.trail.logs import Scribe, landing

pytestmark = pytest.mark.servers

KEYRING = Keyring(b"k" * 32)
HOUR = 3600


@pytest.fixture
def scribe(idle: Hub) -> Scribe:
    return Scribe(idle.database)


@pytest.fixture
async def store(idle: Hub) -> SourceStore:
    """Has a source of each tenant that was set a day ago and may be quiet for an hour."""
    store = SourceStore(connectors(), KEYRING)
    for tenant in (TENANT, OTHER):
        await store.put(idle.database, tenant, "pos", "pos", {"zone": "UTC"})
        await may_be_quiet(idle.database, tenant, "pos", HOUR)
    await idle.database.execute("update source set changed_at = now() - interval '1 day'")
    return store


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


async def silent(database: Database) -> list[str]:
    return [one.tenant for one in await quiet_sources(database) if one.silent]


async def of_acme(database: Database) -> Quiet:
    found: Quiet = only(await quiet_sources(database, TENANT))
    return found


async def told(hub: Hub, metrics: Metrics, count: int) -> None:
    """Wait until the gauge says so many."""

    async def holds() -> bool:
        return (
            metrics.registry.get_sample_value("hub_silent_sources", {"connector": "pos"}) == count
        )

    await eventually(holds)
    assert await holds()


@pytest.mark.usefixtures("store")
async def test_a_quiet_source_is_silent_until_it_lands_again(idle: Hub, scribe: Scribe) -> None:
    metrics = Metrics()
    async with idle.followed(metrics):
        await told(idle, metrics, 2)
        assert await silent(idle.database) == [TENANT, OTHER]

        await scribe.land([landing("raw_1", received_at=ago(59))])
        await told(idle, metrics, 1)
        assert await silent(idle.database) == [OTHER]

        await idle.database.execute("update source_heard set at = at - interval '2 minutes'")
        await told(idle, metrics, 2)
        assert await silent(idle.database) == [TENANT, OTHER]


@pytest.mark.usefixtures("store")
async def test_a_file_and_what_cannot_be_translated_are_heard_too(
    idle: Hub, scribe: Scribe
) -> None:
    parked = landing("raw_1", outcome="parked", events=(), received_at=ago(5))
    await scribe.land([parked])
    row = landing("row_1", tenant=OTHER, received_at=ago(5))
    await scribe.land([row], "file:globex/pos/0123456789ab")
    async with idle.followed():
        await idle.shown()

    assert await silent(idle.database) == []


@pytest.mark.usefixtures("store")
async def test_what_landed_long_ago_makes_nobody_look_quieter(idle: Hub, scribe: Scribe) -> None:
    await scribe.land([landing("raw_2", received_at=ago(5))])
    async with idle.followed():
        await idle.shown()
        await scribe.land([landing("raw_1", received_at=ago(600))], part=1)
        await idle.shown()
    heard = (await of_acme(idle.database)).heard_at
    await rebuild(idle.database, lambda _topic, _count: None)

    assert heard is not None
    assert heard > ago(6)
    assert (await of_acme(idle.database)).heard_at == heard


@pytest.mark.usefixtures("store")
async def test_many_records_of_a_moment_are_noted_once(idle: Hub, scribe: Scribe) -> None:
    began = ago(1)
    async with idle.followed():
        await scribe.land([landing("raw_1", received_at=began)])
        await idle.shown()
        for number in range(5):
            at = began + timedelta(seconds=number)
            await scribe.land([landing(f"raw_2{number}", received_at=at)])
            await idle.shown()

    assert (await of_acme(idle.database)).heard_at == began


@pytest.mark.usefixtures("store")
async def test_a_name_that_is_no_source_and_a_clock_that_is_ahead_are_not_believed(
    idle: Hub, scribe: Scribe
) -> None:
    await scribe.land([landing("raw_1", source="nobody"), landing("raw_2", received_at=ago(-600))])
    async with idle.followed():
        await idle.shown()

    assert await idle.database.fetchval("select count(*) from source_heard") == 1
    assert (await of_acme(idle.database)).seconds >= 0


async def test_nobody_is_silent_who_was_never_told_to_speak(idle: Hub, store: SourceStore) -> None:
    await may_be_quiet(idle.database, TENANT, "pos", 0)
    await store.put(idle.database, OTHER, "pos", "pos", {"zone": "Europe/Istanbul"})

    assert await silent(idle.database) == []
    assert (await of_acme(idle.database)).quiet_after is None
    assert only(await quiet_sources(idle.database, OTHER)).quiet_after == HOUR


async def test_the_doctor_names_who_is_silent(idle: Hub, store: SourceStore) -> None:
    await may_be_quiet(idle.database, OTHER, "pos", 0)
    installation = Installation(idle.settings, idle.dsn, KEYRING, 3, (), (), store)

    findings = await doctor(installation)

    warned = only(one for one in findings if "has landed nothing" in one.what)
    assert warned.level is Level.WARNING
    assert "source pos of acme has landed nothing for 1d" in warned.what
    assert "`hub source list --silent`" in warned.next
