"""Many invoices at once: each its own event, all of them taken in before anybody is told so.

A bulk is one row that says which invoices it had; what became of each stands in the row of its own
request, whose id derives from the bulk's and its place in it. So nothing has to be gathered, and a
bulk is done when all of these are.
"""

from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any

import msgspec

from hub.access.principals import Principal
from hub.adapters.postgres import Queries
from hub.api.answers import Reply
from hub.api.invoice.body import BULK, Invoice
from hub.api.invoice.faults import Fault, InvoiceError
from hub.api.invoice.meaning import Catalogue, Merchant, meaning_of
from hub.api.invoice.numbers import numbers_of
from hub.api.invoice.posting import request_of
from hub.api.invoice.rendering import Lines, lines_of, render, warranties
from hub.ledger.ask import Asker, Told
from schemas.events.sale import SaleRecorded
from schemas.refs import derived_id

SCOPE = "invoices"
KEEP = """
insert into request (id, tenant, scope, body_hash, event_id, correlation, outcome, answer, decided_at)
values ($1, $2, $3, '', $1, $1, 'applied', $4, clock_timestamp())
"""
READ = "select answer from request where id = $1 and scope = $2"
WAITING, DONE = "waiting", "done"
UNDECIDED = 202


class Part(msgspec.Struct, frozen=True, gc=False):
    """An invoice of a bulk, as far as its answer needs it."""

    order: str
    names: tuple[str, ...]
    own: tuple[str | None, ...]


class Bulk(msgspec.Struct, frozen=True, gc=False):
    """What a bulk is kept as."""

    invoices: tuple[Part, ...]


_bulk = msgspec.json.Decoder(Bulk).decode


def new_bulk(caller: Principal) -> str:
    """The id of a bulk; a repeat is another bulk of the same invoices, which count once."""
    return derived_id("req", caller.tenant, caller.name, SCOPE, token_hex(16))


def key_of(bulk: str, place: int) -> str:
    """The key of the invoice at that place of a bulk."""
    return f"{bulk}/{place}"


def meanings(
    invoices: Sequence[Invoice],
    merchant: Merchant,
    received_at: datetime,
    catalogue: Catalogue | None = None,
) -> list[SaleRecorded]:
    """The sales they report: all of them, or none. Without a catalogue, products are taken as told.

    Raises:
        InvoiceError: with every reason, its field begins with `#` and the place of its invoice.

    """
    facts: list[SaleRecorded] = []
    faults: list[Fault] = []
    for place, invoice in enumerate(invoices):
        try:
            facts.append(meaning_of(invoice, merchant, received_at, catalogue))
        except InvoiceError as error:
            faults += [_of(place, fault) for fault in error.faults]
    if faults:
        raise InvoiceError(faults, readable=True)
    return facts


def _of(place: int, fault: Fault) -> Fault:
    field = f"{BULK}{place}.{fault.field}" if fault.field else f"{BULK}{place}"
    return Fault(field, fault.code, fault.message, fault.index, fault.line)


async def keep(queries: Queries, caller: Principal, bulk: str, invoices: Sequence[Invoice]) -> None:
    """Write down which invoices a bulk has, before any of them is sent."""
    parts = tuple(_part(invoice) for invoice in invoices)
    document = msgspec.json.encode(Bulk(parts)).decode()
    await queries.execute(KEEP, bulk, caller.tenant, _scope(caller), document)


def _part(invoice: Invoice) -> Part:
    lines = lines_of(invoice)
    return Part(invoice.external_order_id, lines.names, lines.own)


def _scope(caller: Principal) -> str:
    return f"api/{caller.name}/{SCOPE}"


async def read(queries: Queries, caller: Principal, bulk: str) -> Bulk | None:
    """A bulk that this caller sent."""
    rows = await queries.fetch(READ, bulk, _scope(caller))
    return _bulk(rows[0]["answer"]) if rows else None


async def became(
    queries: Queries, asker: Asker, caller: Principal, bulk: str, kept: Bulk
) -> dict[str, Any]:
    """What became of each invoice by now, in the order in which they were sent."""
    told = [
        await asker.look(caller.tenant, request_of(caller, key_of(bulk, place)))
        for place in range(len(kept.invoices))
    ]
    wanted = [warranty for one in told if one is not None for warranty in warranties(one)]
    numbers = await numbers_of(queries, wanted)
    replies = [_reply(one, part, numbers) for one, part in zip(told, kept.invoices, strict=True)]
    waits = any(reply is None or reply.status == UNDECIDED for reply in replies)
    return {
        "requestId": bulk,
        "state": WAITING if waits else DONE,
        "invoices": [
            {"index": place, "externalOrderId": part.order, **_shown(reply)}
            for place, (part, reply) in enumerate(zip(kept.invoices, replies, strict=True))
        ],
    }


def _reply(told: Told | None, part: Part, numbers: dict[str, int]) -> Reply | None:
    return None if told is None else render(told, Lines(part.names, part.own), numbers)


def _shown(reply: Reply | None) -> dict[str, Any]:
    if reply is None:
        return {"status": 503, "code": "not_sent", "message": "it was not sent; send it again"}
    return {"status": reply.status, **reply.document}
