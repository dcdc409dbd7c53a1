"""A corner shop: a connector of a few lines, and a push door, translators and pollers of a test's own."""

import asyncio
import json
import socket
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from connectors.sdk import (
    Canonical,
    Connector,
    Delivery,
    Fault,
    MeaninglessError,
    Origin,
    Push,
    RawRecord,
    SettingsError,
    UnreadableError,
    untranslatable,
)
from connectors.sdk.webhooks import new_secret, sign, verify
from hub.access.keyring import Keyring
from hub.access.sources import ONE, Sources, SourceStore, as_engine, as_tenant
from hub.access.tenants import put
from hub.adapters.kafka import KafkaSettings, Outlet, Peek, Record, SharedOutlet, apply_topics
from hub.adapters.postgres import Database, connect_for_tenants
from hub.audit.refusals import Refusals
from hub.bootstrap.ingress import serve_on
from hub.intake.bodies import Bodies
from hub.intake.door import PushDoor, application
from hub.intake.landing import Arrival as LandingArrival
from hub.intake.landing import Lander
from hub.intake.meaning import Target
from hub.intake.translator import Translator
from hub.ledger.worker import Worker
from hub.recovery.today import Today
from hub.registry import processor
from hub.telemetry.metrics import Metrics
from schemas.catalogue import TOLD
from schemas.events.sale import SaleRecorded
from schemas.refs import order_home
from schemas.topics import AUDIT, WARRANTY_INTAKE, Topic, raw

TENANT = "acme"
PARTITIONS = 3
KEYRING = Keyring(b"k" * 32)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Settings:
    """`order` is the name under which the shop writes its order numbers."""

    order: str = "order"


def configure(document: Mapping[str, Any]) -> Settings:
    unknown = set(document) - {"order"}
    if unknown:
        raise SettingsError(f"unknown {', '.join(unknown)}; a corner shop knows order")
    return Settings(**document)


def split(delivery: Delivery, settings: Settings) -> Sequence[RawRecord | Fault]:
    try:
        items = msgspec.json.decode(delivery.body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnreadableError(Fault("not_json", f"{error}; send a JSON array")) from error
    if not items:
        raise UnreadableError(Fault("empty", "nothing is in it; send at least one"))
    message = delivery.headers["webhook-id"]
    if message == "bug":
        raise ZeroDivisionError("canary")
    return [_item(bytes(item), f"{message}/{n}") for n, item in enumerate(items)]


def _item(payload: bytes, ref: str) -> RawRecord | Fault:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError) as error:
        return Fault("not_json", f"{type(error).__name__}; send JSON")
    if not isinstance(document, dict):
        return Fault("not_an_object", "send each sale as an object")
    return RawRecord(ref, payload, str(document.get("order", "")))


def translate(record: RawRecord, settings: Settings, origin: Origin) -> Iterable[Canonical]:
    document = json.loads(record.payload)
    if "ping" in document:
        raise MeaninglessError("a ping")
    if "bug" in document:
        raise ZeroDivisionError("canary")
    if settings.order not in document:
        raise untranslatable("order_missing", f"{settings.order} is missing; name it in `order`")
    order = str(document[settings.order])
    yield Canonical(NOON, _sale(order, document), order_home(origin.tenant, "corner", order))


def _sale(order: str, document: Mapping[str, Any]) -> SaleRecorded:
    serials = document.get("serials", [])
    line = {
        "line": "1",
        "product": {"code": "TV"},
        "serials": serials,
        "quantity": len(serials) or 1,
    }
    return SaleRecorded.model_validate(
        {
            "order": {"namespace": "corner", "reference": order},
            "sold_at": NOON,
            "zone": "UTC",
            "lines": [line],
            "customer": document.get("customer"),
        }
    )


CORNER: Connector[Settings] = Connector(
    name="corner",
    revision=1,
    configure=configure,
    translate=translate,
    push=Push(verify, split, new_secret),
    shown=frozenset({"order", "serials.*"}),
)


def a_corner(**changes: Any) -> Connector[Settings]:
    """The connector under a name, and so on a topic, of its own."""
    return replace(CORNER, name=f"corner{uuid.uuid4().hex[:8]}", **changes)


@dataclass(slots=True)
class Shop:
    """One source of one tenant, and how it speaks to the door."""

    connector: Connector[Any]
    kafka: KafkaSettings
    dsn: str
    database: Database
    store: SourceStore
    secret: str = ""
    url: str = ""
    metrics: Metrics = field(default_factory=Metrics)
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=20))

    @property
    def topic(self) -> Topic:
        """Where its payloads land."""
        return raw(self.connector.name)

    @property
    def audit(self) -> Topic:
        """Where its door tells what it refused."""
        return replace(AUDIT, name=f"audit.{self.connector.name}")

    async def post(self, body: bytes, *, id_: str = "msg_1", **headers: str) -> httpx.Response:
        """Post as the shop would."""
        signed = sign(self.secret, id_, datetime.now(UTC), body)
        return await self.client.post(self.url, content=body, headers={**signed, **headers})

    async def landed(self) -> list[Record]:
        """What stands on its raw topic, partition after partition."""
        found: list[Record] = []
        async with Peek(self.kafka) as peek:
            for part in range(PARTITIONS):
                first, end = await peek.bounds(self.topic.name, part)
                if first < end:
                    reading = peek.records(self.topic.name, part, first, end)
                    found += [one async for one in reading]
        return found


@asynccontextmanager
async def a_shop(
    kafka: str, dsn: str, database: Database, connector: Connector[Any], **options: Any
) -> AsyncIterator[Shop]:
    """A source that is set up, with its topic, and no door yet."""
    settings = KafkaSettings(kafka, session_timeout_ms=6_000, heartbeat_interval_ms=500)
    store = SourceStore({connector.name: connector}, KEYRING)
    shop = Shop(connector, settings, dsn, database, store)
    await apply_topics(settings, [shop.topic], partitions=PARTITIONS, replication=1)
    await put(database, TENANT, 24, 14)
    shop.secret = await store.put(database, TENANT, "corner", connector.name, options) or ""
    try:
        yield shop
    finally:
        await shop.client.aclose()


@asynccontextmanager
async def a_door(shop: Shop, **options: Any) -> AsyncIterator[PushDoor]:
    """A door on loopback that this shop posts to."""
    tenants = await connect_for_tenants(shop.dsn)
    outlet, audit = SharedOutlet(shop.kafka), Outlet(shop.kafka)
    await apply_topics(shop.kafka, [shop.audit], partitions=PARTITIONS, replication=1)
    door = PushDoor(
        Sources(shop.store, as_tenant(tenants)),
        Lander(outlet, {shop.topic.name: PARTITIONS}, shop.metrics),
        Refusals(audit, shop.audit.name, shop.metrics),
        shop.metrics,
        **{"bodies": Bodies(), **options},
    )
    with listening() as (listener, address):
        shop.url = f"http://{address}/sources/corner/{TENANT}"
        tasks = [
            asyncio.create_task(serve_on(application(door), listener)),
            asyncio.create_task(door.refusals.run()),
        ]
        try:
            yield door
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await outlet.stop()
            await audit.stop()
            await tenants.close()


@contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    """A socket on a free port of loopback, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        yield listener, f"{host}:{port}"


def a_translator(shop: Shop, database: Database, intake: Topic, **options: Any) -> Translator:
    """A translator of the shop's connector, not yet at work."""
    types = [fact.TYPE for fact in TOLD]
    given = {
        "connector": shop.connector.name,
        "reads": shop.topic,
        "targets": dict.fromkeys(types, Target(intake.name, PARTITIONS)),
        "kafka": shop.kafka,
        "database": database,
        "sources": Sources(shop.store, as_engine(database)),
        "keyring": KEYRING,
        "metrics": shop.metrics,
        "batch": 500,
    }
    return Translator(**{**given, **options})


def today(shop: Shop, intake: Topic) -> Today:
    """What its records would meet now."""
    ours = replace(processor("warranty"), reads=intake)
    raw = {shop.topic.name: shop.connector.name}
    return Today(KEYRING, {intake.name: ours}, shop.store, raw)


@asynccontextmanager
async def at_work(*running: Translator | Worker) -> AsyncIterator[None]:
    """Translators and workers that run while the block does."""
    tasks = [asyncio.create_task(one.run()) for one in running]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def accounted(shop: Shop, count: int, *, parked: int | None = None) -> dict[str, int]:
    """The counters of the shop's topic, once so many records are in one of them."""
    figures: dict[str, int] = {}
    for _ in range(1_200):
        landed, figures = await counted(shop)
        if landed == count and parked in (None, figures["parked"]):
            return figures
        await asyncio.sleep(0.05)
    raise AssertionError(figures)


async def settled(shop: Shop, **wanted: int) -> dict[str, int]:
    """The counters of the shop's topic, once they are as wanted."""
    figures: dict[str, int] = {}
    for _ in range(1_200):
        _, figures = await counted(shop)
        if wanted.items() <= figures.items():
            return figures
        await asyncio.sleep(0.05)
    raise AssertionError((wanted, figures))


async def counted(shop: Shop) -> tuple[int, dict[str, int]]:
    """How many records have become something, and what; no record is in two counters."""
    row = await shop.database.fetchrow(FIGURES, shop.topic.name)
    figures = {name: int(row[name] or 0) for name in row.keys()}  # noqa: SIM118 - a row is no dict
    landed = figures.pop("passed")
    assert landed == sum(figures[name] for name in OUTCOMES)
    return landed, figures


OUTCOMES = ("translated", "meaningless", "parked", "retrying", "held", "stepped_over")
FIGURES = """
select sum(next_offset - first_offset) as passed, sum(translated) as translated,
       sum(meaningless) as meaningless, sum(parked) as parked, sum(retrying) as retrying,
       sum(held) as held, sum(stepped_over) as stepped_over,
       sum(events) as events
  from landing_owner where topic = $1
"""


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it stands on the intake topic."""

    part: int
    offset: int
    published_ms: int
    headers: dict[str, bytes]
    body: dict[str, Any]

    @property
    def id(self) -> str:
        return self.headers["ce_id"].decode()

    @property
    def order(self) -> str:
        return str(self.body["order"]["reference"])


async def events(shop: Shop, intake: Topic) -> list[Told]:
    """What the intake topic was told, partition after partition."""
    found: list[Told] = []
    async with Peek(shop.kafka) as peek:
        for part in range(PARTITIONS):
            first, end = await peek.bounds(intake.name, part)
            if first < end:
                async for one in peek.records(intake.name, part, first, end):
                    body = json.loads(one.value or b"")
                    found.append(Told(part, one.offset, one.timestamp, dict(one.headers), body))
    return found


async def intake_of(shop: Shop) -> Topic:
    """An intake topic of the test's own, which nobody reads."""
    intake = replace(WARRANTY_INTAKE, name=f"intake.{shop.connector.name}")
    await apply_topics(shop.kafka, [intake], partitions=PARTITIONS, replication=1)
    return intake


async def land(shop: Shop, *documents: Mapping[str, Any], delivery: str = "msg") -> list[str]:
    """Land sales as the door would; gives their raw ids."""
    source = shop.store.ready(await shop.database.fetchrow(ONE, TENANT, "corner"))
    assert source is not None
    outlet = SharedOutlet(shop.kafka)
    lander = Lander(outlet, {shop.topic.name: PARTITIONS}, shop.metrics)
    records = [
        RawRecord(f"{delivery}/{n}", json.dumps(one).encode(), str(one.get("order", "")))
        for n, one in enumerate(documents)
    ]
    try:
        return await lander.land(source, records, LandingArrival(datetime.now(UTC)))
    finally:
        await outlet.stop()
