"""Tickets as a till posts them, and what the connector makes of them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.pos import CONNECTOR
from connectors.pos.push import split
from connectors.pos.settings import Settings
from connectors.sdk import Canonical, Delivery, Fault, Origin, RawRecord, UntranslatableError
from schemas.events.sale import SaleRecorded, SaleReturned

ORIGIN = Origin("acme", "pos")
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
Doc = dict[str, Any]


def settings(**more: Any) -> Settings:
    return CONNECTOR.configure({"zone": "Europe/Istanbul", "currency": "TRY"} | more)


def a_line(**more: Any) -> Doc:
    return {"product": {"code": "TV-55"}, "serials": ["00012345"]} | more


def a_ticket(*lines: Doc, **more: Any) -> Doc:
    parts = {"branch": "B1", "till": "T2", "number": "000117", "date": "2026-01-31"}
    ticket = parts | {"at": "2026-01-31T10:15:00+03:00", "lines": list(lines) or [a_line()]} | more
    return {name: value for name, value in ticket.items() if value is not ...}


def a_return(*lines: Doc, **more: Any) -> Doc:
    original = {"branch": "B1", "till": "T2", "date": "2026-01-31", "number": "000117"}
    own = {"type": "return", "number": "000200", "date": "2026-02-02", "at": "2026-02-02T09:00"}
    return a_ticket(*lines, **(own | {"original": original} | more))


def posted(body: bytes | Doc | list[Any], plan: Settings | None = None) -> list[RawRecord | Fault]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return split(Delivery({"webhook-id": "msg_1"}, content, "", NOW), plan or settings())


def told(ticket: bytes | Doc, **more: Any) -> Canonical:
    """What one ticket means once it came in."""
    (record,) = posted(ticket, settings(**more))
    assert isinstance(record, RawRecord), record
    assert CONNECTOR.translate is not None
    (canonical,) = CONNECTOR.translate(record, settings(**more), ORIGIN)
    return canonical


def sale(ticket: bytes | Doc, **more: Any) -> SaleRecorded:
    fact = told(ticket, **more).fact
    assert isinstance(fact, SaleRecorded)
    return fact


def returned(ticket: Doc, **more: Any) -> SaleReturned:
    fact = told(ticket, **more).fact
    assert isinstance(fact, SaleReturned)
    return fact


def refusal(ticket: bytes | Doc, **more: Any) -> list[Fault]:
    """Why a ticket that came in means nothing."""
    with pytest.raises(UntranslatableError) as error:
        told(ticket, **more)
    return list(error.value.faults)
