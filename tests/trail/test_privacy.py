"""Whatever comes, and however it fails: who bought does not stand in the trail."""

import random
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.trail.conftest import Hub, Told, eventually, registration, returned, sale

pytestmark = pytest.mark.servers


@dataclass(slots=True)
class Planter:
    """Makes up people, and remembers everything that would tell of one."""

    chance: random.Random
    planted: set[str] = field(default_factory=set)

    def word(self) -> str:
        """Something that stands nowhere else."""
        word = "".join(self.chance.choices("bcdfghjkmnpqrstvwxz", k=12))
        self.planted.add(word)
        return word

    def contact(self) -> dict[str, Any]:
        """Somebody, described more or less well."""
        digits = "".join(self.chance.choices("123456789", k=11))
        self.planted.add(digits)
        whole = {
            "name": f"{self.word().title()} {self.word().upper()}",
            "email": f"{self.word()}@{self.word()}.invalid",
            "phone": f"+{digits}",
        }
        names = self.chance.sample(list(whole), self.chance.randint(1, 3))
        return {name: whole[name] for name in names}

    def told(self, number: int) -> Told:
        """A report about somebody, right or wrong in one of many ways."""
        order = f"R-{number}"
        one = self.chance.choice(
            (
                sale(order, serial=f"SN-{number}", customer=self.contact()),
                registration(f"SN-{number - 1}", customer=self.contact()),
                replace(returned(order), id=f"early-{number}"),
            )
        )
        return self.chance.choice(SPOILT)(self, one)


def _fine(_: Planter, told: Told) -> Told:
    return told


def _twice_otherwise(planter: Planter, told: Told) -> Told:
    return replace(told, id="the-same-id", body={**told.body, "customer": planter.contact()})


def _refused(_: Planter, told: Told) -> Told:
    lines = [{**line, "quantity": 1001} for line in told.body.get("lines", [])]
    return replace(told, body={**told.body, "lines": lines})


def _wrong_type(planter: Planter, told: Told) -> Told:
    return replace(told, body={**told.body, "customer": [planter.contact()]})


def _too_long(planter: Planter, told: Told) -> Told:
    return replace(told, body={**told.body, "customer": {"email": planter.word() * 100}})


def _unknown_field(planter: Planter, told: Told) -> Told:
    return replace(told, body={**told.body, "buyer": planter.contact()})


def _unknown_type(_: Planter, told: Told) -> Told:
    return replace(told, type="sale.imagined.v1")


def _nobodys(_: Planter, told: Told) -> Told:
    return replace(told, tenant="nobody-we-know")


def _bad_zone(planter: Planter, told: Told) -> Told:
    return replace(told, body={**told.body, "zone": 7, "customer": planter.contact()})


SPOILT = (
    _fine,
    _fine,
    _fine,
    _twice_otherwise,
    _refused,
    _wrong_type,
    _too_long,
    _unknown_field,
    _unknown_type,
    _nobodys,
    _bad_zone,
)


async def test_no_contact_stands_in_any_row(hub: Hub) -> None:
    planter = Planter(random.Random(11))  # noqa: S311 - a test
    told = [planter.told(n) for n in range(150)]
    for n in range(0, 150, 10):
        await hub.say(*told[n : n + 10], part=planter.chance.choice((None, None, 0)))

    async def decided() -> bool:
        sql = "select count(distinct event_id)::int from trail where event_id not like 'ltr%'"
        left = await hub.database.fetchval("select count(*)::int from letter")
        return bool(await hub.database.fetchval(sql) >= len({one.id for one in told}) and not left)

    await eventually(decided)
    assert await decided()
    await hub.shown()
    rows = await hub.database.fetch("select trail::text as row, status from trail")
    everything = "\n".join(row["row"] for row in rows).casefold()
    statuses = {row["status"] for row in rows}
    blobs = await hub.database.fetch("select convert_from(body, 'utf8') as body from ledger")

    assert {"applied", "rejected", "dead_lettered", "early", "forwarded"} <= statuses
    assert len(planter.planted) > 150
    assert [word for word in planter.planted if word in everything] == []
    assert [w for w in planter.planted if any(w in blob["body"].casefold() for blob in blobs)] == []
