"""What sources say, each in the form of the door that it uses; saying it again is the same again."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.adapters.kafka import Message
from hub.dev.simulator.order import Order
from schemas.envelope import Envelope, source_of, to_headers
from schemas.events.parts import Order as OrderRef
from schemas.refs import place

BACK_OFFICE = "erp"
INVOICES = "invoices"
"""What sends invoices for each merchant, beside its partners."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Posted by a till."""

    tenant: str
    till: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """Stands in the nightly file; fields as the settings of a source name them."""

    tenant: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """Posted to the API by a partner; the key makes a repeat of it a repeat."""

    tenant: str
    partner: str
    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Telling:
    """Published on the intake topic by a system of the platform."""

    id: str
    tenant: str
    type: str
    body: bytes | None
    home: str | None = None
    """Absent where the source cannot know it; the hub then finds the place."""
    connector: str = BACK_OFFICE

    def partition(self, partitions: int, chance: random.Random) -> int:
        return chance.randrange(partitions) if self.home is None else place(self.home, partitions)

    def message(self) -> Message:
        """The record: a CloudEvent in binary mode."""
        envelope = Envelope(
            id=self.id,
            source=source_of(self.tenant, self.connector),
            type=self.type,
            time=datetime.now(UTC),
            tenant=self.tenant,
            partitionkey=self.home,
        )
        return Message((self.home or self.id).encode(), self.body, to_headers(envelope))


Said = Ticket | Row | Report | Telling


def published(order: Order, *, knows_home: bool = True) -> Telling:
    """A sale, as the back office publishes it."""
    fact = order.sale()
    body = fact.model_dump_json(exclude_none=True).encode()
    home = order.home if knows_home else None
    return Telling(f"sale-{order.number}", order.merchant.tenant, fact.TYPE, body, home)


def reported(order: Order, partner: str, reference: OrderRef | None = None) -> Report:
    """A sale, as a shop reports it to the API."""
    fact = order.sale(order=reference)
    return _report(order, partner, "sale", fact.model_dump(mode="json", exclude_none=True))


def registered(order: Order) -> Report:
    """A registration by the owner's app."""
    fact = order.registration().model_dump(mode="json", exclude_none=True)
    return _report(order, "app", "registration", fact)


def invoiced(order: Order) -> Report:
    """A sale and its buyer, as an e-commerce system sends an invoice to the published API."""
    buyer = order.contact or order.buyer()
    line = {"name": order.good.name, "productCode": order.good.code, "serialNumber": order.serial}
    body = {
        "externalOrderId": f"INV-{order.number}",
        "sellerCode": f"{order.merchant.tenant}-shop",
        "customer": {"firstName": "Deniz", "lastName": "Kaya", "email": buyer.email},
        "products": [line],
    }
    key = f"{INVOICES}-{order.number}"
    return Report(order.merchant.tenant, INVOICES, key, json.dumps(body).encode())


def _report(order: Order, partner: str, kind: str, fact: Mapping[str, Any]) -> Report:
    body = json.dumps({kind: fact}).encode()
    return Report(order.merchant.tenant, partner, f"{partner}-{order.number}", body)
