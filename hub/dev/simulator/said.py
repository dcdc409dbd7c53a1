"""What sources say, each in the form of the door that it uses; saying it again is the same again."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from hub.adapters.kafka import Message
from hub.dev.simulator.order import Order, now
from schemas.envelope import Envelope, source_of, to_headers
from schemas.events.parts import Order as OrderRef
from schemas.events.parts import local_date
from schemas.events.product import StockMoved
from schemas.refs import movement_home, place
from schemas.topics import CATALOG_INTAKE, WARRANTY_INTAKE

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
    """Published on an intake topic by a system of the platform."""

    id: str
    tenant: str
    type: str
    body: bytes | None
    home: str | None = None
    """Absent where the source cannot know it; the hub then finds the place."""
    connector: str = BACK_OFFICE
    topic: str = WARRANTY_INTAKE.name

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


@dataclass(frozen=True, slots=True)
class Trouble:
    """A customer brings a unit to the service centre."""

    tenant: str
    reference: str
    """The service centre's own."""
    serial: str
    issue: str
    incident_on: date
    zone: str
    currency: str
    wants: str

    def filed(self) -> dict[str, Any]:
        """The claim, as the service centre files it."""
        return self.told(
            {
                "serial": self.serial,
                "issue": self.issue,
                "incident_on": self.incident_on.isoformat(),
                "preferred": self.wants,
            }
        )

    def told(self, more: Mapping[str, Any]) -> dict[str, Any]:
        """What is told of it later."""
        return {"filed_at": now().isoformat(), "zone": self.zone, **more}


Said = Ticket | Row | Report | Telling | Trouble


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


def moved(order: Order, quantity: int, *, branch: str | None = None) -> Telling:
    """What the warehouse tells: so many units came to the branch, or the one that was sold left it."""
    reference = f"{'IN' if quantity > 0 else 'OUT'}-{order.number}"
    tenant = order.merchant.tenant
    fact = StockMoved(
        reference=reference,
        product=order.good.code,
        branch=branch or order.branch,
        quantity=quantity,
        moved_at=now(),
        reason="received" if quantity > 0 else "sold",
        serials=(order.serial,) if order.serial and quantity < 0 else (),
    )
    body = fact.model_dump_json(exclude_none=True).encode()
    home = movement_home(tenant, BACK_OFFICE, reference)
    topic = CATALOG_INTAKE.name
    return Telling(f"stock-{reference}", tenant, fact.TYPE, body, home, topic=topic)


def trouble(order: Order, issue: str, wants: str) -> Trouble:
    """Something is wrong with the unit of an order."""
    merchant = order.merchant
    return Trouble(
        merchant.tenant,
        f"S-{order.number}",
        order.serial or "",
        issue,
        local_date(now(), merchant.zone),
        merchant.zone,
        merchant.currency,
        wants,
    )


def _report(order: Order, partner: str, kind: str, fact: Mapping[str, Any]) -> Report:
    body = json.dumps({kind: fact}).encode()
    return Report(order.merchant.tenant, partner, f"{partner}-{order.number}", body)
