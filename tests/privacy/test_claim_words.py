"""What was written in claims goes with whoever wants to be forgotten, and is theirs to be given."""

import json
from typing import Any

import pytest

from hub.privacy.erasing import Eraser
from hub.privacy.exporting import export
from hub.privacy.people import known
from hub.recovery.today import Today
from schemas.refs import order_home, warranty_id
from tests.privacy.test_erasing import ADA, BOB, decided, forget
from tests.trail.conftest import NOON, TENANT, Hub, Told, sale

pytestmark = pytest.mark.servers


def about(order: str, kind: str, event: str, **said: Any) -> Told:
    """Something that is told of a claim on what an order sold."""
    return Told(event, kind, order_home(TENANT, "till", order), said)


def filed(order: str, **more: Any) -> Told:
    """A claim on it, with what happened in words, by nobody who is named."""
    warranty = warranty_id(order_home(TENANT, "till", order), 1)
    body = {"warranty": warranty, "issue": "power", "filed_at": NOON.isoformat(), "zone": "UTC"}
    told = {**body, "words": f"It broke in {order}.", **more}
    return about(order, "claim.filed.v1", f"filed-{order}", **told)


def claim_of(order: str) -> str:
    return f"clm_{order_home(TENANT, 'till', order)}_1"


def answered(order: str, words: str = "Since Monday.") -> Told:
    event = f"answered-{order}"
    return about(order, "claim.answered.v1", event, claim=claim_of(order), words=words)


async def words(hub: Hub, today: Today) -> list[str]:
    """Everything that was written and can be read with the keys."""
    rows = await hub.database.fetch("select sealed from contact order by seen_at, ref")
    found = [json.loads(today.keyring.open(TENANT, row["sealed"])).get("words") for row in rows]
    return sorted(one for one in found if one)


async def test_words_go_with_their_customer_and_those_of_others_stay(
    hub: Hub, eraser: Eraser, today: Today
) -> None:
    told = (
        *(sale("R-1", customer=ADA), sale("R-2", customer=BOB)),
        *(filed("R-1"), filed("R-2", source="desk", reference="D-2")),
        *(answered("R-1"), answered("R-2")),
    )
    await hub.say(*told)
    await decided(hub, *told)
    assert len(await words(hub, today)) == 4

    report = await forget(hub, eraser, "email", ADA["email"])

    assert (report["contacts"], report["words"]) == (1, 2)
    assert await words(hub, today) == ["It broke in R-2.", "Since Monday."]
    await forget(hub, eraser, "phone", BOB["phone"])
    assert await words(hub, today) == []
    claims = await hub.database.fetch("select doc from claim order by id")
    assert [len(json.loads(one["doc"])["said"]) for one in claims] == [2, 2]


async def test_words_that_came_with_a_contact_go_as_it_does(
    hub: Hub, eraser: Eraser, today: Today
) -> None:
    told = (sale("R-1"), filed("R-1", customer=ADA), answered("R-1"))
    await hub.say(*told)
    await decided(hub, *told)

    report = await forget(hub, eraser, "email", ADA["email"])

    assert (report["contacts"], report["words"]) == (1, 1)
    assert await words(hub, today) == []


async def test_what_was_written_before_and_is_decided_later_is_not_kept(
    idle: Hub, eraser: Eraser, today: Today
) -> None:
    first = (sale("R-1", customer=ADA), filed("R-1"))
    await idle.say(*first)
    await idle.work()
    async with idle.followed():
        await decided(idle, *first)
        await forget(idle, eraser, "email", ADA["email"])
        late = answered("R-1")
        await idle.database.execute(
            "update erased set at = now() + interval '1 hour' where tenant = $1", TENANT
        )
        await idle.say(late)
        await decided(idle, late)

    assert await words(idle, today) == []


async def test_words_of_what_was_refused_are_not_kept(hub: Hub, today: Today) -> None:
    told = (sale("R-1", customer=ADA), filed("R-7"), answered("R-1"))
    await hub.say(*told)
    await decided(hub, *told)

    assert await words(hub, today) == []


async def test_the_same_words_told_again_are_the_same(hub: Hub, today: Today) -> None:
    again = filed("R-1", source="desk", reference="D-1")
    told = (sale("R-1", customer=ADA), again, Told("again", again.type, again.home, again.body))
    await hub.say(*told)
    await decided(hub, *told)

    assert await words(hub, today) == ["It broke in R-1."]
    (claim,) = await hub.database.fetch("select doc from claim")
    assert len(json.loads(claim["doc"])["said"]) == 1


async def test_an_export_has_their_claims_with_their_words(hub: Hub, today: Today) -> None:
    told = (
        *(sale("R-1", customer=ADA), sale("R-2", customer=BOB)),
        *(filed("R-1"), filed("R-2"), answered("R-1")),
    )
    await hub.say(*told)
    await decided(hub, *told)

    found = await export(hub.database, today, TENANT, known("email", ADA["email"]))

    (claim,) = found.claims
    assert (claim.id, claim.issue, claim.state) == (claim_of("R-1"), "power", "submitted")
    assert [(one.kind, one.text) for one in claim.words] == [
        ("description", "It broke in R-1."),
        ("answer", "Since Monday."),
    ]
    assert found.figures["claims"] == 1
