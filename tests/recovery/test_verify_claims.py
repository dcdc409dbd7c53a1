"""`hub verify` sees whatever was broken on purpose in claims, in what they led to, and in units that replace others."""

from contextlib import suppress

import pytest

from hub.adapters.postgres import Database
from hub.recovery.claim_promises import COSTS, DECISION, EFFECTS, GRANTS, LEGAL, OVER, UNBROKEN
from hub.recovery.verify_claims import COLUMNS, NAMED, OWNED, PAIRED, broken_claims
from tests.recovery.claim_worlds import a_world, kept

pytestmark = pytest.mark.servers


class UndoneError(Exception):
    """Rolls back what was spoiled."""


@pytest.fixture
async def world(database: Database) -> Database:
    await kept(database, a_world())
    return database


async def seen(database: Database, *damage: str) -> set[str]:
    """Which promises are broken after such damage, which is then undone."""
    found: set[str] = set()
    with suppress(UndoneError):
        async with database.transaction() as tx:
            for one in damage:
                await tx.execute(one)
            found |= {one.check for one in (await broken_claims(tx))[1]}
            raise UndoneError
    return found


def spoiled(table: str, where: str, path: str, value: str) -> str:
    changed = f"jsonb_set(doc::jsonb, '{path}', {value})::json"
    return f"update {table} set doc = {changed} where {where}"  # noqa: S608 - a test's own


def without(table: str, where: str, name: str) -> str:
    return f"update {table} set doc = (doc::jsonb - '{name}')::json where {where}"  # noqa: S608 - a test's own


async def test_holds_in_whatever_claims_come_to(world: Database) -> None:
    states = {row["state"] for row in await world.fetch("select state from claim")}

    assert states == {"approved", "resolved", "denied", "cancelled", "submitted"}
    assert await seen(world) == set()


NEW, DENIED = "state = 'submitted'", "state = 'denied'"
COSTLY = "doc::text like '%\"books\"%'"
OLD, SENT = "doc->>'replaced_by' is not null", "doc->>'replaces' is not null"
REPAIR, REPLACEMENT = "kind = 'repair'", "kind = 'replacement'"
DOUBLED = """
insert into claim_effect
select id || '0', home, tenant, version, state, kind, claim, warranty, branch, asked_at, doc
  from claim_effect where kind = 'repair'"""
NO_WAY = "'\"resolved\"'"
SAME = "doc::jsonb->'costs'->1->'reference'"
NOBODY = "'\"wty_x_1\"'"


async def test_names_what_was_broken_in_a_claim(world: Database) -> None:
    damages = {
        "update claim set state = 'denied' where state = 'submitted'": {COLUMNS},
        "update claim set is_open = true where state = 'denied'": {COLUMNS},
        "delete from name where kind = 'claim'": {NAMED},
        spoiled("claim", NEW, "{history}", "'[]'"): {UNBROKEN},
        spoiled("claim", NEW, "{history,0,1}", "'\"under_review\"'"): {UNBROKEN},
        spoiled("claim", DENIED, "{history,1,0}", "'\"staged\"'"): {UNBROKEN},
        spoiled("claim", DENIED, "{history,1,1}", NO_WAY): {LEGAL, UNBROKEN},
        spoiled("claim", DENIED, "{verdict,state}", "'\"approved\"'"): {DECISION},
        without("claim", DENIED, "verdict"): {DECISION},
        spoiled("claim", COSTLY, "{costs,0,id}", "'\"7\"'"): {COSTS},
        spoiled("claim", COSTLY, "{costs,1,amount}", "'5'"): {COSTS},
        spoiled("claim", COSTLY, "{costs,0,reference}", SAME): {COSTS},
    }

    assert {damage: await seen(world, damage) for damage in damages} == damages


async def test_names_what_was_broken_in_what_a_claim_led_to(world: Database) -> None:
    damages = {
        "delete from claim_effect where state = 'acknowledged'": {GRANTS},
        DOUBLED: {GRANTS},
        spoiled("claim_effect", REPAIR, "{event}", "'\"other\"'"): {GRANTS},
        spoiled("claim_effect", REPAIR, "{state}", "'\"done\"'"): {EFFECTS, OVER},
        spoiled("claim_effect", REPLACEMENT, "{state}", "'\"waiting\"'"): {EFFECTS, OVER, PAIRED},
        "update claim_effect set claim = 'clm_x_1' where kind = 'repair'": {GRANTS, OWNED},
        without("claim_effect", REPLACEMENT, "replaced_by"): {EFFECTS, PAIRED},
    }

    assert {damage: await seen(world, damage) for damage in damages} == damages


async def test_names_a_replacement_that_was_done_by_half(world: Database) -> None:
    damages = {
        spoiled("unit", OLD, "{status}", "'\"covered\"'"): {PAIRED},
        without("unit", OLD, "replaced_by"): {PAIRED},
        "delete from unit where doc->>'replaces' is not null": {PAIRED},
        spoiled("unit", SENT, "{replaces}", NOBODY): {PAIRED},
        spoiled("claim_effect", REPLACEMENT, "{replaced_by}", NOBODY): {PAIRED},
    }

    assert {damage: await seen(world, damage) for damage in damages} == damages


async def test_a_new_unit_is_there_before_the_old_one_hears_of_it(world: Database) -> None:
    on_its_way = (
        spoiled("claim_effect", REPLACEMENT, "{state}", "'\"acknowledged\"'"),
        spoiled("claim_effect", REPLACEMENT, "{stage}", "'\"sent\"'"),
        without("claim_effect", REPLACEMENT, "replaced_by"),
        without("unit", OLD, "replaced_by"),
    )

    assert PAIRED not in await seen(world, *on_its_way)


async def test_names_no_more_than_somebody_reads(
    world: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.recovery.verify_claims.MOST_OF_ONE", 2)
    monkeypatch.setattr("hub.recovery.verify_claims.CHUNK", 3)
    await world.execute("update claim set is_open = not is_open")

    async with world.transaction() as tx:
        count, found = await broken_claims(tx)

    assert (count, [one.check for one in found]) == (7, [COLUMNS, COLUMNS])
