"""Orders of the (invented) Sunrise shop system: posted one by one, asked for, or left as JSON lines.

An order number is unique in its shop, which is the namespace.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
from pydantic import BaseModel, ConfigDict, HttpUrl, ValidationError

from connectors.sdk import (
    Canonical,
    Connector,
    Delivery,
    Fault,
    File,
    FileRecord,
    MeaninglessError,
    Origin,
    Pull,
    Push,
    RawRecord,
    SourceUnavailableError,
    Translated,
    UnreadableError,
    UntranslatableError,
    quoted,
    untranslatable,
    webhooks,
)
from connectors.sdk.settings import configured
from connectors.sdk.tables import read_rows
from schemas.base import Name
from schemas.events.parts import Zone
from schemas.events.sale import SaleRecorded
from schemas.refs import derived_id, order_home


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    shop: Name
    zone: Zone
    url: HttpUrl = HttpUrl("https://sunrise.example")


def configure(document: Mapping[str, Any]) -> Settings:
    return configured(Settings, document)


class Item(msgspec.Struct, frozen=True):
    sku: str
    serials: tuple[str, ...] = ()


class Order(msgspec.Struct, frozen=True):
    id: str
    status: str
    paid_at: datetime | None = None
    items: tuple[Item, ...] = ()


class Head(msgspec.Struct, frozen=True):
    id: str


class Page(msgspec.Struct, frozen=True):
    orders: list[msgspec.Raw]


def split(delivery: Delivery, _settings: Settings) -> list[RawRecord | Fault]:
    """Sunrise posts an order at a time."""
    try:
        order = msgspec.json.decode(delivery.body, type=Head).id
    except (ValueError, RecursionError) as error:
        raise UnreadableError(Fault("no_order", f"{error}; send an order as JSON")) from error
    return [RawRecord(webhooks.message_id(delivery), delivery.body, key=order)]


async def fetch(
    http: httpx.AsyncClient, settings: Settings, since: str | None
) -> AsyncIterator[RawRecord]:
    after = since or ""
    while True:
        try:
            reply = await http.get(f"{settings.url}orders", params={"after": after})
            orders = msgspec.json.decode(reply.raise_for_status().content, type=Page).orders
        except (httpx.HTTPError, msgspec.DecodeError) as error:
            raise SourceUnavailableError(f"Sunrise does not answer: {error}") from error
        if not orders:
            return
        for raw in orders:
            after = msgspec.json.decode(raw, type=Head).id
            yield RawRecord(f"order/{after}", bytes(raw), key=after, checkpoint=after)


def translate(record: RawRecord, settings: Settings, origin: Origin) -> Iterator[Canonical]:
    try:
        order = msgspec.json.decode(record.payload, type=Order)
    except (ValueError, RecursionError) as error:
        raise untranslatable("no_order", f"{error}; ask Sunrise for the order again") from error
    fact = _sale(order, settings)
    home = order_home(origin.tenant, settings.shop, fact.order.reference)
    yield Canonical(fact.sold_at, fact, home)


def _sale(order: Order, settings: Settings) -> SaleRecorded:
    if order.status != "paid":
        raise MeaninglessError(f"order {quoted(order.id)} is not paid yet")
    lines = [
        {
            "line": str(number),
            "product": {"code": item.sku},
            "quantity": len(item.serials) or 1,
            "serials": item.serials,
        }
        for number, item in enumerate(order.items, start=1)
    ]
    fact = {
        "order": {"namespace": settings.shop, "reference": order.id},
        "sold_at": order.paid_at,
        "zone": settings.zone,
        "lines": lines,
    }
    try:
        return SaleRecorded.model_validate(fact)
    except ValidationError as error:
        message = f"{error.error_count()} fields are not what they must be; correct the order"
        raise untranslatable("field_invalid", message) from error


def records(path: Path, _settings: Settings) -> Iterator[FileRecord]:
    return read_rows(path, columns=("id",))


def translate_row(row: FileRecord, settings: Settings, origin: Origin) -> Iterator[Translated]:
    if row.fault:
        raise UntranslatableError(row.fault)
    body = json.dumps(row.body, default=str).encode()
    try:
        for one in translate(RawRecord(row.ref, body), settings, origin):
            name = derived_id("sun", origin.tenant, origin.source, body.decode())
            yield Translated(name, one.time, one.fact, one.home, ((None, row.line),))
    except MeaninglessError as error:
        raise UntranslatableError(Fault("not_paid", str(error), row.line)) from error


CONNECTOR: Connector[Settings] = Connector(
    name="sunrise",
    revision=1,
    configure=configure,
    translate=translate,
    push=Push(webhooks.verify, split, webhooks.new_secret),
    pull=Pull(fetch, every_seconds=30),
    file=File(records, translate_row),
    shown=frozenset({"id", "status", "paid_at", "items.*.sku", "items.*.serials.*"}),
)
