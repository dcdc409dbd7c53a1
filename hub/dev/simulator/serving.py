"""Opens the service centre of a merchant: who works there, and who of the merchant's people decide."""

import random
from collections import Counter
from dataclasses import dataclass

import httpx

from hub.access.permissions import Role
from hub.dev.simulator.caller import Caller
from hub.dev.simulator.goods import WORKSHOP, Merchant
from hub.dev.simulator.service import Service
from hub.dev.simulator.staff import FINANCE, MANAGER, OWNER, Person, Staff
from hub.dev.simulator.workshop import Pace, Workshop


@dataclass(frozen=True, slots=True)
class Desk:
    """Where claims are told and decided, and what opens that door."""

    merchant: Merchant
    api: str
    key: str
    """Of the service centre."""
    password: str
    """Of the merchant's people."""


def opened(
    desk: Desk, client: httpx.AsyncClient, chance: random.Random, heard: Counter[str]
) -> Service:
    """The service centre, ready to run."""
    pace = Pace()

    async def shown() -> str:
        return f"Bearer {desk.key}"

    def of(role: Role) -> Caller:
        person = Person(desk.merchant.tenant, role, desk.password, desk.api, client)
        return Caller("staff", desk.api, person.authorize, client, heard)

    workshop = Workshop(Caller(WORKSHOP, desk.api, shown, client, heard), pace, chance, heard)
    people = {role: of(role) for role in (MANAGER, OWNER, FINANCE)}
    staff = Staff(people, desk.merchant.currency, chance, heard)
    return Service(workshop, staff, pace, chance, heard)
