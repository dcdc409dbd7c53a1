"""The same sales for every contender: 1 KB each, one line, a serial, some of them sent twice."""

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.dev.crash.installation import TENANT
from schemas.refs import derived_id, home, order_home, place

DUPLICATES = 0.05
_SIZE = 1024
_NEAR = 400
"""A repeat follows its first copy within so many events."""


@dataclass(frozen=True, slots=True)
class Record:
    """What goes into one Kafka record, and where."""

    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]

    @property
    def id(self) -> str:
        """The id of the event."""
        return self.headers[1][1].decode()


@dataclass(frozen=True, slots=True)
class Kind:
    """Which events: sales with or without a customer's contact."""

    run: str
    contact: bool = False
    partitions: int = 4


def sale(kind: Kind, n: int) -> Record:
    """The nth sale of a run."""
    reference = f"{kind.run}-{n:08d}"
    key = order_home(TENANT, "till", reference)
    sold_at = datetime.now(UTC) - timedelta(seconds=n % 3600)
    body = json.dumps(_fact(kind, reference, sold_at, n), separators=(",", ":")).encode()
    return Record(
        place(key, kind.partitions), key.encode(), body, _headers(reference, key, sold_at)
    )


def ticket(kind: Kind, n: int) -> Record:
    """The nth sale of a run as a till's ticket, where its payload landed."""
    reference = f"{kind.run}-{n:08d}"
    where = home(TENANT, "pos", reference)
    at = datetime.now(UTC)
    fact = _fact(kind, reference, at - timedelta(seconds=n % 3600), n)
    (line,) = fact.pop("lines")
    price = line.pop("price")
    cents = price["amount"]
    told = fact | {
        "type": "sale",
        "order": reference,
        "at": fact.pop("sold_at"),
        "currency": price["currency"],
        "lines": [line | {"price": f"{cents // 100}.{cents % 100:02d}"}],
    }
    headers = _headers(derived_id("raw", TENANT, "pos", reference), where, at, "pos.landed.v1")
    return Record(
        place(where, kind.partitions),
        where.encode(),
        json.dumps(told, separators=(",", ":")).encode(),
        [*headers, ("hub-ref", reference.encode())],
    )


def given_back(kind: Kind, n: int, reference: str) -> Record:
    """The return of everything that an order sold."""
    key, at = order_home(TENANT, "till", reference), datetime.now(UTC)
    body = {
        "order": {"namespace": "till", "reference": reference},
        "reference": f"R-{kind.run}-{n}",
        "returned_at": at.isoformat(),
        "zone": "Europe/Istanbul",
    }
    headers = _headers(f"return-{kind.run}-{n}", key, at, "sale.returned.v1")
    return Record(place(key, kind.partitions), key.encode(), json.dumps(body).encode(), headers)


def with_repeats(records: list[Record], seed: int) -> list[Record]:
    """The same records with some sent again, same id and same body, a little later."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable mixture, no secret
    spread = [(float(n), record) for n, record in enumerate(records)]
    for n, record in enumerate(records):
        if chance.random() < DUPLICATES:
            spread.append((n + chance.uniform(0, _NEAR), record))
    return [record for _, record in sorted(spread, key=lambda pair: pair[0])]


def _fact(kind: Kind, reference: str, sold_at: datetime, n: int) -> dict[str, Any]:
    line = {
        "line": "1",
        "product": {"code": f"SKU-{n % 5000:05d}", "brand": "Borealis", "name": "Kettle 1.7 l"},
        "quantity": 1,
        "serials": [f"SN-{reference}"],
        "price": {"amount": 129900 + n % 1000, "currency": "TRY"},
    }
    fact: dict[str, Any] = {
        "order": {"namespace": "till", "reference": reference},
        "sold_at": sold_at.isoformat(),
        "zone": "Europe/Istanbul",
        "lines": [line],
        "branch": f"Branch {n % 40:02d}",
        "till": f"T{n % 7}",
        "seller": "Ayse Demir",
    }
    if kind.contact:
        phone = f"+9053{n:08d}"
        fact["customer"] = {"name": "Deniz Kaya", "email": f"d{n}@example.com", "phone": phone}
    # Tills send more than the contract asks for; what it does not know is skipped.
    fact["receipt"] = "x" * (_SIZE - len(json.dumps(fact, separators=(",", ":"))) - 13)
    return fact


def _headers(
    event: str, key: str, at: datetime, kind: str = "sale.recorded.v1"
) -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event.encode()),
        ("ce_source", f"/tenants/{TENANT}/sources/pos".encode()),
        ("ce_type", kind.encode()),
        ("ce_time", at.isoformat().encode()),
        ("ce_tenant", TENANT.encode()),
        ("content-type", b"application/json"),
        ("ce_partitionkey", key.encode()),
    ]
