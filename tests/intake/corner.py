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
from hub.access.sources import Sources, SourceStore, as_tenant
from hub.access.tenants import put
from hub.adapters.kafka import KafkaSettings, Outlet, Peek, Record, SharedOutlet, apply_topics
from hub.adapters.postgres import Database, connect_for_tenants
from hub.audit.refusals import Refusals
from hub.bootstrap.ingress import serve_on
from hub.intake.bodies import Bodies
from hub.intake.door import PushDoor, application
from hub.intake.landing import Lander
from hub.telemetry.metrics import Metrics
from schemas.events.sale import SaleRecorded
from schemas.refs import order_home
from schemas.topics import AUDIT, Topic, raw

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
    except msgspec.MsgspecError as error:
        raise UnreadableError(Fault("not_json", f"{error}; send a JSON array")) from error
    if not items:
        raise UnreadableError(Fault("empty", "nothing is in it; send at least one"))
    message = delivery.headers["webhook-id"]
    return [_item(bytes(item), f"{message}/{n}") for n, item in enumerate(items)]


def _item(payload: bytes, ref: str) -> RawRecord | Fault:
    document = json.loads(payload)
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
    shown=frozenset({"order", "serials"}),
)


def a_corner(**changes: Any) -> Connector[Settings]:
    """The connector under a name, and so on a topic, of its own."""
    return replace(CORNER, name=f"corner{uuid.uuid4().hex[:8]}", **changes)


@dataclass(slots=True)
class Shop:
    """One source of one tenant, and how it speaks to the door."""

    connector: Connector[Any]
    kafka: KafkaSettings
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
async def a_shop(kafka: str, database: Database, connector: Connector[Any]) -> AsyncIterator[Shop]:
    """A source that is set up, with its topic, and no door yet."""
    settings = KafkaSettings(kafka, session_timeout_ms=6_000, heartbeat_interval_ms=500)
    store = SourceStore({connector.name: connector}, KEYRING)
    shop = Shop(connector, settings, database, store)
    await apply_topics(settings, [shop.topic], partitions=PARTITIONS, replication=1)
    await put(database, TENANT, 24, 14)
    shop.secret = await store.put(database, TENANT, "corner", connector.name, {}) or ""
    try:
        yield shop
    finally:
        await shop.client.aclose()


@asynccontextmanager
async def a_door(shop: Shop, dsn: str, **options: Any) -> AsyncIterator[PushDoor]:
    """A door on loopback that this shop posts to."""
    tenants = await connect_for_tenants(dsn)
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
