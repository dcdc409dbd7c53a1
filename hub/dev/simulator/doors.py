"""Everybody who stands at a door of the hub, and who of them says what."""

import asyncio
import random
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from hub.adapters.kafka import KafkaSettings, Outlet
from hub.dev.simulator.goods import MERCHANTS, PARTNERS, TILLS, VOLTAGE, WORKSHOP, Merchant
from hub.dev.simulator.nights import Nights
from hub.dev.simulator.partner import Partner
from hub.dev.simulator.platform import BackOffice
from hub.dev.simulator.said import INVOICES, Report, Row, Said, Telling, Ticket, Trouble
from hub.dev.simulator.service import Service
from hub.dev.simulator.serving import Desk, opened
from hub.dev.simulator.till import HABITS, Till

PATH = "/individual-customers/warranty/invoice/with-product-code"
PUBLISHED = ("demo", "p@55w0rd")
"""User and password of the example that the API of invoices is published with."""
SOURCE = "pos"
"""What the source of each merchant's tills is called."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where the doors are, and what opens them."""

    kafka: KafkaSettings
    partitions: int
    api: str
    push: str
    drop: Path
    keys: Mapping[str, str]
    """By tenant and partner: `voltage/app`."""
    secrets: Mapping[str, str]
    """By tenant and source: `voltage/pos`."""
    password: str = ""
    """Of the people of the merchant who has a service centre; nobody files claims where there is none."""


@dataclass(slots=True)
class Doors:
    """Runs them all while the block does."""

    way: Way
    run: str
    chance: random.Random
    heard: Counter[str] = field(default_factory=Counter)
    """What they sent, and what they were answered."""
    _tills: dict[tuple[str, int], Till] = field(default_factory=dict)
    _partners: dict[tuple[str, str], Partner] = field(default_factory=dict)
    _nights: dict[str, Nights] = field(default_factory=dict)
    _office: BackOffice = field(init=False)
    _service: Service | None = None
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        outlet = Outlet(self.way.kafka)
        self._open.push_async_callback(outlet.stop)
        client = await self._open.enter_async_context(
            httpx.AsyncClient(timeout=20, trust_env=False)
        )
        self._office = BackOffice(outlet, self.way.partitions, self.chance, self.heard)
        for merchant in MERCHANTS:
            self._staff(merchant, client)
        if self.way.password:
            key = self.way.keys[f"{VOLTAGE.tenant}/{WORKSHOP}"]
            desk = Desk(VOLTAGE, self.way.api, key, self.way.password)
            self._service = opened(desk, client, self.chance, self.heard)
        group = await self._open.enter_async_context(asyncio.TaskGroup())
        served = [self._service] if self._service else []
        for one in (*self._talking, *self._nights.values(), *served):
            self._open.callback(group.create_task(one.run()).cancel)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._open.__aexit__(kind, error, at)

    async def tell(self, said: Said) -> None:
        """Hand it to whoever says it; waits while that one can keep no more."""
        match said:
            case Telling():
                await self._office.tell(said)
            case Ticket():
                await self._tills[said.tenant, said.till].tell(said)
            case Report():
                await self._partners[said.tenant, said.partner].tell(said)
            case Row():
                await self._nights[said.tenant].tell(said)
            case Trouble() if self._service is not None:
                await self._service.tell(said)

    async def settle(self) -> None:
        """Until everything that was told is at its door."""
        await asyncio.gather(*(one.settle() for one in self._talking))
        for nights in self._nights.values():
            await nights.settle()
        if self._service is not None:
            await self._service.settle()

    @property
    def _talking(self) -> "list[BackOffice | Till | Partner]":
        return [self._office, *self._tills.values(), *self._partners.values()]

    def _staff(self, merchant: Merchant, client: httpx.AsyncClient) -> None:
        tenant, way = merchant.tenant, self.way
        for number, mood in enumerate(TILLS, start=1):
            self._tills[tenant, number] = Till(
                name=f"{self.run}-{tenant}-{number}",
                address=f"{way.push}/sources/{SOURCE}/{tenant}",
                secret=way.secrets[f"{tenant}/{SOURCE}"],
                habit=HABITS[mood],
                client=client,
                chance=self.chance,
                heard=self.heard,
            )
        for partner in PARTNERS:
            shown = f"Bearer {way.keys[f'{tenant}/{partner}']}"
            self._partners[tenant, partner] = Partner(
                partner, f"{way.api}/v1/activations", shown, client, self.chance, self.heard
            )
        self._partners[tenant, INVOICES] = Partner(
            INVOICES,
            f"{way.api}{PATH}?merchantCode={tenant}",
            f"Basic {b64encode(':'.join(PUBLISHED).encode()).decode()}",
            client,
            self.chance,
            self.heard,
            counted="invoice",
            waits=True,
        )
        inbox = way.drop / tenant / SOURCE
        self._nights[tenant] = Nights(inbox, self.run, merchant.export, self.chance, self.heard)
