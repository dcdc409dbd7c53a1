"""A tenant's key changes while everybody goes on sealing, opening and forgetting."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from hub.access.keyring import DERIVED, MATCH, Keyring, SealError, UnknownKeyError
from hub.access.tenant_keys import (
    Follower,
    destroy,
    followed,
    new_version,
    rewrap,
    versions_of,
)
from hub.adapters.postgres import Database, connect
from hub.privacy.resealing import (
    begin,
    destroy_retired,
    finish,
    go_on,
    is_clean,
    reseal,
)

pytestmark = pytest.mark.servers

MASTER, NEXT = b"m" * 32, b"n" * 32
TENANT = "acme"
PUT = """
insert into contact (tenant, ref, digest, sealed, seen_at) values ($1, $2, '', $3, clock_timestamp())
on conflict (tenant, ref) do update set sealed = excluded.sealed
"""


@pytest.fixture
async def keyring(database: Database) -> Keyring:
    keys = Keyring(MASTER)
    await followed(keys, database)
    return keys


async def put(database: Database, keyring: Keyring, ref: str, body: str) -> None:
    await database.execute(PUT, TENANT, ref, keyring.seal(TENANT, body.encode()))


async def kept(database: Database, keyring: Keyring) -> dict[str, str]:
    rows = await database.fetch("select ref, sealed from contact where tenant = $1", TENANT)
    return {row["ref"]: (await keyring.opened(TENANT, row["sealed"])).decode() for row in rows}


async def rotate(database: Database, keyring: Keyring) -> int:
    version = await new_version(database, keyring, TENANT, settle=0)
    await finish(database, keyring, TENANT, version)
    return version


async def test_what_the_derived_key_sealed_stays_readable_and_is_sealed_anew(
    database: Database, keyring: Keyring
) -> None:
    await put(database, keyring, "cus_1", "Ada")
    before = await database.fetchval("select sealed from contact")

    version = await rotate(database, keyring)

    after = await database.fetchval("select sealed from contact")
    assert before[:1] == DERIVED
    assert after[:5] == keyring.header(TENANT) == b"\x02\x00\x00\x00\x01"
    assert version == 1
    assert keyring.open(TENANT, before) == b"Ada"
    assert await kept(database, keyring) == {"cus_1": "Ada"}


async def test_a_key_thrown_away_takes_what_it_sealed_with_it(
    database: Database, keyring: Keyring
) -> None:
    await rotate(database, keyring)
    old = keyring.seal(TENANT, b"a copy on a topic")
    await put(database, keyring, "cus_1", "Ada")
    await rotate(database, keyring)

    assert keyring.open(TENANT, old) == b"a copy on a topic"
    assert await destroy_retired(database, keyring, days=0) == 1
    await followed(keyring, database)
    with pytest.raises(SealError):
        await keyring.opened(TENANT, old)
    assert await kept(database, keyring) == {"cus_1": "Ada"}
    assert [one.has_key for one in await versions_of(database, TENANT)] == [True, False]


async def test_hashes_survive_every_change_of_key(database: Database, keyring: Keyring) -> None:
    first = keyring.hashed(TENANT, "email", "ada@example.org")
    await rotate(database, keyring)
    await rotate(database, keyring)

    changed = Keyring(NEXT, MASTER)
    await followed(changed, database)
    during = changed.hashed(TENANT, "email", "ada@example.org")
    await rewrap(database, changed)
    alone = Keyring(NEXT)
    await followed(alone, database)

    assert first == keyring.hashed(TENANT, "email", "ada@example.org") == during
    assert alone.hashed(TENANT, "email", "ada@example.org") == first


async def test_the_master_key_changes_without_losing_a_body(
    database: Database, keyring: Keyring
) -> None:
    await put(database, keyring, "cus_derived", "Ada")
    changed = Keyring(NEXT, MASTER)
    await followed(changed, database)
    assert await kept(database, changed) == {"cus_derived": "Ada"}

    await rotate(database, changed)
    await rewrap(database, changed)
    await rewrap(database, changed)

    alone = Keyring(NEXT)
    await followed(alone, database)
    assert await kept(database, alone) == {"cus_derived": "Ada"}
    with pytest.raises(SealError, match="HUB_MASTER_KEY_OLD"):
        await followed(Keyring(MASTER), database)


async def test_a_key_seals_only_once_everybody_had_time_to_hear_of_it(
    database: Database, keyring: Keyring
) -> None:
    late = Keyring(MASTER)
    await followed(late, database)
    await new_version(database, keyring, TENANT, settle=0.5)
    await followed(keyring, database)

    assert keyring.header(TENANT) == DERIVED
    await asyncio.sleep(0.6)
    assert keyring.refresh is not None
    await keyring.refresh()
    sealed = keyring.seal(TENANT, b"Ada")
    assert sealed[:1] != DERIVED
    with pytest.raises(UnknownKeyError):
        late.open(TENANT, sealed)
    assert await late.opened(TENANT, sealed) == b"Ada"


async def test_goes_on_with_what_was_killed_in_the_middle(
    database: Database, keyring: Keyring
) -> None:
    for n in range(50):
        await put(database, keyring, f"cus_{n}", f"Ada {n}")
    version = await new_version(database, keyring, TENANT, settle=0)
    await followed(keyring, database)
    pieces = reseal(database, keyring, TENANT)
    await anext(pieces)
    await pieces.aclose()

    assert await begin(database, keyring, TENANT) == version
    assert await go_on(database, keyring) == 1
    assert await go_on(database, keyring) == 0
    assert await is_clean(database, keyring, TENANT)
    assert len(await kept(database, keyring)) == 50
    assert await begin(database, keyring, TENANT) == version + 1


async def test_a_body_of_one_tenant_or_version_is_none_of_another(
    database: Database, keyring: Keyring
) -> None:
    await rotate(database, keyring)
    first = keyring.seal(TENANT, b"Ada")
    await rotate(database, keyring)
    moved = keyring.header(TENANT) + first[5:]

    for tenant, sealed in ((TENANT, moved), ("globex", first), (TENANT, first[:7]), (TENANT, b"")):
        with pytest.raises(SealError):
            keyring.open(tenant, sealed)


class Interrupted(Keyring):
    """A process that others get in the way of, right when it has read a row."""

    meanwhile: str | None = None
    database: Database

    async def opened(self, tenant: str, sealed: bytes) -> bytes:
        if self.meanwhile is not None:
            told, self.meanwhile = self.meanwhile, None
            await self.database.execute("delete from contact")
            await self.database.execute("vacuum contact")
            await put(self.database, self, told, "Bob")
        return await super().opened(tenant, sealed)


async def test_a_body_is_never_put_in_the_place_of_somebody_elses(database: Database) -> None:
    keyring = Interrupted(MASTER)
    keyring.database = database
    await followed(keyring, database)
    await put(database, keyring, "cus_1", "Ada")
    await new_version(database, keyring, TENANT, settle=0)
    await followed(keyring, database)
    keyring.meanwhile = "cus_2"

    assert not await is_clean(database, keyring, TENANT)
    assert await kept(database, keyring) == {"cus_2": "Bob"}


@dataclass(slots=True)
class Two:
    """Two processes with a keyring each, and what ought to be readable."""

    database: Database
    chance: random.Random
    rings: list[Keyring]
    followers: list[Follower]
    ought: dict[str, str] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)

    async def seal(self, ring: Keyring) -> None:
        ref = f"cus_{self.chance.randrange(200)}"
        if ref not in self.erased:
            body = f"Ada {self.chance.random()}"
            await put(self.database, ring, ref, body)
            self.ought[ref] = body

    async def erase(self, ring: Keyring) -> None:
        if self.ought:
            ref = self.chance.choice(list(self.ought))
            self.erased.add(ref)
            del self.ought[ref]
            await self.database.execute("delete from contact where ref = $1", ref)

    async def rotate(self, ring: Keyring) -> None:
        if self.chance.random() < 0.3:
            await new_version(self.database, ring, TENANT, settle=self.chance.choice((0, 0.05)))

    async def reseal(self, ring: Keyring) -> None:
        pieces = reseal(self.database, ring, TENANT)
        for _ in range(self.chance.randrange(1, 6)):
            await anext(pieces, None)
        await pieces.aclose()

    async def hear(self, ring: Keyring) -> None:
        await self.followers[self.rings.index(ring)].refresh()

    async def retire(self, ring: Keyring) -> None:
        await go_on(self.database, ring)
        await destroy_retired(self.database, ring, days=0)


@pytest.fixture
async def second(dsn: str) -> AsyncIterator[Database]:
    pool = await connect(dsn, size=2)
    yield pool
    await pool.close()


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happens_in_whatever_order_nothing_is_lost_and_nobody_comes_back(
    database: Database, second: Database, seed: int
) -> None:
    rings = [Keyring(MASTER), Keyring(MASTER)]
    followers = [Follower(rings[0], database), Follower(rings[1], second)]
    for ring, follower in zip(rings, followers, strict=True):
        await follower.refresh()
        ring.refresh = follower.refresh
    two = Two(database, random.Random(seed), rings, followers)  # noqa: S311 - a test
    acts = (two.seal, two.seal, two.seal, two.erase, two.rotate, two.reseal, two.hear)

    for _ in range(120):
        # A seal and an erasure of the same person in flight at once are the story of the engine's
        # statement; here the bodies move under two who seal anew.
        await two.chance.choice(acts)(two.chance.choice(rings))
        if two.chance.random() < 0.1:
            await asyncio.gather(two.reseal(rings[0]), two.reseal(rings[1]), two.seal(rings[0]))
    for ring in rings:
        await two.hear(ring)
    await two.retire(two.chance.choice(rings))

    for ring in rings:
        assert await kept(database, ring) == two.ought
    assert await versions_of(database, TENANT)


async def test_a_tenant_whose_keys_are_gone_cannot_be_read(
    database: Database, keyring: Keyring
) -> None:
    version = await rotate(database, keyring)
    sealed = keyring.seal(TENANT, b"Ada")
    for one in (MATCH, version):
        await destroy(database, TENANT, one)
    fresh = Keyring(MASTER)
    await followed(fresh, database)

    with pytest.raises(SealError):
        await fresh.opened(TENANT, sealed)
