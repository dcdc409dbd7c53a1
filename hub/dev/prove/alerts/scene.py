"""A whole hub at a low rate, its Prometheus, and the levers with which faults are made."""

import asyncio
import json
import random
import shutil
import signal
import subprocess
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from hub import registry
from hub.access import keys, tenants
from hub.access.keyring import Keyring
from hub.access.limits import LOAD, SYSTEM, set_limits
from hub.access.sources import SourceStore
from hub.adapters.kafka import KafkaSettings, Message, Outlet
from hub.adapters.postgres import connect
from hub.dev.crash.fleet import Fleet
from hub.dev.crash.installation import Installation
from hub.dev.prove.alerts.asked import Asker
from hub.dev.prove.alerts.server import PrometheusServer
from hub.dev.simulator.doors import SOURCE, Doors, Way
from hub.dev.simulator.feed import Feed
from hub.dev.simulator.goods import MERCHANTS, PARTNERS, VOLTAGE
from hub.dev.simulator.order import Order
from hub.dev.simulator.said import published, reported
from hub.dev.simulator.stories import Story, Teller
from hub.dev.simulator.tickets import sold
from hub.settings import DEVELOPMENT_KEY
from schemas.topics import WARRANTY_INTAKE

KINDS = {
    "process": 2,
    "catalog": 1,
    "translate": 1,
    "project": 1,
    "deliver": 1,
    "ingress": 1,
    "serve": 1,
}
TENANT = VOLTAGE.tenant
READY_SECONDS, LOOK_SECONDS = 120.0, 0.5


class Plain(Teller):
    """Nothing but good sales at the three doors, so that every alert has a fault of ours to thank."""

    def story(self) -> Story:
        """The next one."""
        order = Order(self.chance.choice(MERCHANTS), f"{self.run}-{self.count:06d}", self.chance)
        self.count += 1
        ways = (sold, published, lambda one: reported(one, "webshop"))
        return [(0, ways[self.count % 3](order))]


@dataclass(slots=True)
class Scene:
    """What a fault may touch."""

    place: Installation
    fleet: Fleet
    asker: Asker
    way: Way
    chance: random.Random
    secrets: dict[str, str] = field(default_factory=dict)
    """Of sources that a fault has added."""
    killed: set[str] = field(default_factory=set)
    """Processes that do not run because a fault wants it so."""

    async def sql(self, statement: str, *values: object) -> Any:
        """Do something to the tables as their owner; gives the first value."""
        database = await connect(self.place.dsn, size=1)
        try:
            return await database.fetchval(statement, *values)
        finally:
            await database.close()

    async def publish(self, part: int, *messages: Message) -> None:
        """Put records on the intake topic."""
        outlet = Outlet(self.way.kafka)
        try:
            await outlet.send(WARRANTY_INTAKE.name, part, list(messages))
        finally:
            await outlet.stop()

    async def post(self, source: str, ticket: Mapping[str, Any]) -> None:
        """Post a ticket of the first merchant, signed, until it has landed."""
        secret = self.secrets.get(source) or self.way.secrets[f"{TENANT}/{source}"]
        body, message, now = json.dumps(ticket), f"msg_{uuid.uuid4()}", datetime.now(UTC)
        headers = {
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(message, now, body),
            "content-type": "application/json",
        }
        url = f"{self.way.push}/sources/{source}/{TENANT}"
        async with httpx.AsyncClient(trust_env=False) as http:
            (await http.post(url, content=body, headers=headers)).raise_for_status()

    async def add_source(self, name: str) -> None:
        """Add a source of the first merchant, once."""
        database = await connect(self.place.dsn, size=1)
        try:
            secret = await _store().put(database, TENANT, name, "pos", VOLTAGE.source_settings)
        finally:
            await database.close()
        self.secrets.setdefault(name, secret or "")

    def kill(self, kind: str, number: int | None = None) -> None:
        """Kill one process of a kind, or all of them."""
        for member in self.fleet.of(kind):
            if number in {None, member.number}:
                self.fleet.end(member, signal.SIGKILL)
                self.killed.add(member.name)

    async def ready(self) -> None:
        """Start whoever ended, as a supervisor would, and wait until all do their work."""
        async with asyncio.timeout(READY_SECONDS):
            for member in self.fleet.members:
                while not await member.is_ready():
                    if not member.running:
                        member.unasked += member.name not in self.killed
                        self.killed.discard(member.name)
                        self.fleet.spawn(member)
                    await asyncio.sleep(LOOK_SECONDS)

    async def roll(self) -> None:
        """Deploy: one process after the other is stopped in good order and started again."""
        for member in self.fleet.members:
            self.fleet.end(member, signal.SIGTERM)
            self.fleet.spawn(member)
            await self.ready()

    async def postgres_from(self, copy: str, *, back: bool) -> None:
        """Stop Postgres, keep a copy of its data or go back to it, and start it again."""
        postgres = self.place.postgres
        data, kept = postgres.root / "data", postgres.root / copy
        await asyncio.to_thread(postgres.stop)
        if back:
            shutil.rmtree(data)
        source, target = (kept, data) if back else (data, kept)
        await asyncio.to_thread(subprocess.run, ["cp", "-a", str(source), str(target)], check=True)
        postgres.spawn()
        await asyncio.to_thread(postgres.wait_ready)


@asynccontextmanager
async def at_work(
    place: Installation, rate: float, interval: int, chance: random.Random
) -> AsyncIterator[Scene]:
    """The scene while the block runs; whatever it started is ended with it."""
    await place.prepare()
    fleet, way = Fleet(place), await _doors(place)
    try:
        for kind, count in KINDS.items():
            fleet.add(kind, count)
        way = _addressed(way, fleet)
        prometheus = PrometheusServer(
            place.root / "prometheus", [member.port for member in fleet.members], interval
        )
        prometheus.spawn()
        try:
            await asyncio.to_thread(prometheus.wait_ready)
            scene = Scene(place, fleet, Asker(prometheus.address), way, chance)
            await scene.ready()
            async with _fed(way, rate, chance):
                yield scene
        finally:
            prometheus.stop()
    finally:
        fleet.end_all()


@asynccontextmanager
async def _fed(way: Way, rate: float, chance: random.Random) -> AsyncIterator[None]:
    async with Doors(way, "A", chance) as doors:
        feed = asyncio.create_task(
            Feed(doors, Plain("A", chance), rate, chance).run(asyncio.Event())
        )
        try:
            yield
        finally:
            feed.cancel()
            await asyncio.wait([feed])


def _store() -> SourceStore:
    return SourceStore(registry.connectors(), Keyring(DEVELOPMENT_KEY.encode()))


async def _doors(place: Installation) -> Way:
    """Two merchants, their tills and their partners, each with what opens the doors."""
    database = await connect(place.dsn, size=1)
    secrets: dict[str, str] = {}
    issued: dict[str, str] = {}
    for merchant in MERCHANTS:
        tenant = merchant.tenant
        await tenants.put(database, tenant, merchant.coverage_months, 14)
        await set_limits(database, tenant, LOAD, SYSTEM)
        secret = await _store().put(database, tenant, SOURCE, "pos", merchant.source_settings)
        secrets[f"{tenant}/{SOURCE}"] = secret or ""
        for partner in PARTNERS:
            issued[f"{tenant}/{partner}"] = await keys.issue(database, tenant, partner)
    await database.close()
    kafka = KafkaSettings(place.kafka.bootstrap)
    return Way(kafka, place.partitions, "", "", place.drop, issued, secrets)


def _addressed(way: Way, fleet: Fleet) -> Way:
    api, push = (f"http://127.0.0.1:{fleet.of(kind)[0].door}" for kind in ("serve", "ingress"))
    return Way(way.kafka, way.partitions, api, push, way.drop, way.keys, way.secrets)
