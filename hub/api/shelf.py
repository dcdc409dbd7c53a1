"""Reading warranties: the rows that deciding writes are what is read, so nothing lags behind."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from hub.adapters.postgres import Queries
from hub.api import proofs, proposals
from hub.api.documents import (
    DecidedByHand,
    Happened,
    OrderDocument,
    RuledBy,
    ShopSaid,
    VerifiedBy,
    Warranty,
    WarrantyWithHistory,
)
from hub.api.filters import Filters
from hub.domain.by_hand import Decided
from hub.domain.owners import Transfer
from hub.domain.reports import SALE, Report
from hub.domain.rulings import Ruling
from hub.domain.serials import Attachment, normalise
from hub.domain.shop_orders import Verification

COLUMNS = """
select id, status, product, serial, starts_on, ends_on, order_reference, customer, branch, version, doc
  from unit"""
ORDERS = """
select id, doc from purchase
 where order_reference = $1 and ($2::text is null or order_namespace = $2)"""
BORN_UNDER = "exists (select 1 from purchase p where p.id = unit.home and p.order_namespace = {})"
ACTIVE = """starts_on <= {0} and ends_on >= {0}
 and (status <> 'ended' or (doc ->> 'ended_on')::date > {0})"""


class Kept(msgspec.Struct, frozen=True, gc=False):
    """What of a unit's document is read here, beside its columns."""

    reports: tuple[Report, ...]
    rulings: tuple[Ruling, ...] = ()
    verifications: tuple[Verification, ...] = ()
    ended_on: date | None = None
    returned_by: tuple[str, ...] = ()
    decisions: tuple[Decided, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    attached: Attachment | None = None


class Pointer(msgspec.Struct, frozen=True, gc=False):
    """A line whose unit lives in another home."""

    warranty: str
    state: str = "pending"


class Head(msgspec.Struct, frozen=True, gc=False):
    """What of a purchase's document is read here."""

    pointers: tuple[Pointer, ...] = ()


_kept = msgspec.json.Decoder(Kept).decode
_head = msgspec.json.Decoder(Head | None).decode


async def one(queries: Queries, warranty: str) -> WarrantyWithHistory | None:
    """A warranty with everything reported of it; None where this tenant has none of that id."""
    rows = await queries.fetch(COLUMNS + " where id = $1", warranty)
    if not rows:
        return None
    kept = _kept(rows[0]["doc"])
    fields = _fields(rows[0], kept)
    rulings = [_ruled_by(one) for one in kept.rulings]
    history = list(_history(kept))
    wanted = await proposals.of_warranty(queries, warranty)
    proof = (await proofs.of_warranty(queries, warranty)).state
    return WarrantyWithHistory(
        **fields,
        rulings=rulings,
        verifications=[_verified_by(one) for one in kept.verifications],
        proposals=wanted,
        proof=proof,
        history=history,
    )


def _verified_by(one: Verification) -> VerifiedBy:
    answer = one.answer
    said = ShopSaid(
        source=answer.source,
        asked_at=answer.asked_at,
        payment=answer.payment,
        units=answer.units,
    )
    return VerifiedBy(**msgspec.structs.asdict(one) | {"answer": said})


def _ruled_by(one: Ruling) -> RuledBy:
    longer = msgspec.structs.asdict(one.extended) if one.extended else None
    looked_at = dict(one.catalogue) or None
    told = {"line": one.line or None, "extended": longer, "catalogue": looked_at}
    return RuledBy(**msgspec.structs.asdict(one) | told)


async def page(queries: Queries, filters: Filters) -> tuple[list[Warranty], str | None]:
    """Warranties by id, and the cursor of the next page.

    Ids never change, so whoever turns the pages sees each warranty once, whatever is added.
    """
    where = Where()
    if filters.order is not None:
        where.add("(home = any({}) or id = any({}))", *await _of_order(queries, filters))
    _narrow(where, filters)
    sql = f"{COLUMNS} where {where} order by id limit {filters.limit + 1}"
    rows = await queries.fetch(sql, *where.values)
    found = [Warranty(**_fields(row, _kept(row["doc"]))) for row in rows[: filters.limit]]
    return found, found[-1].id.removeprefix("wty_") if len(rows) > filters.limit else None


class Where:
    """Conditions that all have to hold, their values kept apart from the text."""

    def __init__(self) -> None:
        """Everything fits yet."""
        self._texts: list[str] = []
        self.values: list[object] = []

    def add(self, text: str, *values: object) -> None:
        """One more; each `{}` or `{n}` of the text stands for a value."""
        first = len(self.values) + 1
        self.values += values
        self._texts.append(text.format(*(f"${n}" for n in range(first, first + len(values)))))

    def __str__(self) -> str:
        """As SQL."""
        return " and ".join(self._texts) or "true"


async def _of_order(queries: Queries, filters: Filters) -> tuple[list[str], list[str]]:
    """The homes of an order, and those of its units that live elsewhere."""
    rows = await queries.fetch(ORDERS, filters.order, filters.namespace)
    heads = [_head(row["doc"] or "null") for row in rows]
    pointers = [pointer for head in heads if head for pointer in head.pointers]
    return [row["id"] for row in rows], [p.warranty for p in pointers if p.state != "refused"]


def _narrow(where: Where, filters: Filters) -> None:
    for name in ("product", "branch", "status", "customer"):
        value = getattr(filters, name)
        if value is not None:
            where.add(name + " = {}", value)
    if filters.serial is not None:
        where.add("serial_norm = {}", normalise(filters.serial))
    if filters.namespace is not None and filters.order is None:
        where.add(BORN_UNDER, filters.namespace)
    if filters.active_on is not None:
        where.add(ACTIVE, filters.active_on)
    if filters.cursor is not None:
        where.add("id > {}", f"wty_{filters.cursor}")


def _fields(row: Any, kept: Kept) -> dict[str, Any]:
    sold = (report for report in kept.reports if report.by == SALE)
    order = next((_order(r) for r in sold if r.reference == row["order_reference"]), None)
    fields = ("id", "status", "product", "serial", "starts_on", "ends_on")
    return {name: row[name] for name in (*fields, "customer", "branch", "version")} | {
        "ended_on": kept.ended_on,
        "order": order,
    }


def _order(report: Report) -> OrderDocument | None:
    if report.namespace is None:
        return None
    return OrderDocument(namespace=report.namespace, reference=report.reference)


def _history(kept: Kept) -> Iterator[Happened]:
    for report in kept.reports:
        sold = report.by == SALE
        yield Happened(
            what="sold" if sold else "registered",
            on=report.day,
            sources=[report.connector],
            order=_order(report),
            reference=None if sold else report.reference,
            line=report.line or None,
            covers_until=report.ends_on,
            branch=report.branch,
            customer=report.customer,
            remarks=list(report.remarks),
            contact=report.contact,
            event=report.event,
            trace=_trace(report.event),
        )
    yield from _of_the_unit(kept)
    yield from map(_decided, kept.decisions)
    if kept.ended_on is not None and (kept.returned_by or not kept.decisions):
        yield Happened(
            what="ended", on=kept.ended_on, sources=list(dict.fromkeys(kept.returned_by))
        )


def _of_the_unit(kept: Kept) -> Iterator[Happened]:
    if kept.attached is not None:
        one = kept.attached
        yield Happened(
            what="serial_attached",
            on=one.at.date(),
            sources=[one.connector],
            event=one.event,
            trace=_trace(one.event),
        )
    for moved in kept.transfers:
        yield Happened(
            what="transferred",
            on=moved.day,
            sources=[moved.connector],
            reference=moved.reference,
            customer=moved.customer,
            event=moved.event,
            trace=_trace(moved.event),
        )


def _trace(event: str) -> str:
    return f"/v1/trace/{quote(event, safe='')}"


DONE: dict[str, Literal["ended", "reinstated", "extended"]] = {
    "end": "ended",
    "reinstate": "reinstated",
    "extend": "extended",
}


def _decided(one: Decided) -> Happened:
    by = DecidedByHand(
        kind=one.by_kind,
        id=one.by_id,
        role=one.by_role,
        why=one.why,
        proposal=one.proposal,
        override=one.override,
    )
    return Happened(what=DONE[one.change], on=one.on, sources=[], by=by, covers_until=one.until)


async def of_customers(
    queries: Queries, customers: Sequence[str], most: int
) -> list[tuple[Warranty, list[Happened]]]:
    """What is or was of these customers, with what happened to it, in the order in which it began."""
    theirs = "(customer = any($1::text[]) or customers && $1::text[])"
    sql = f"{COLUMNS} where {theirs} order by starts_on, id limit {most}"
    rows = await queries.fetch(sql, list(customers))
    kept = [(row, _kept(row["doc"])) for row in rows]
    return [(Warranty(**_fields(row, one)), list(_history(one))) for row, one in kept]


async def exists(queries: Queries, warranty: str) -> bool:
    """Whether this tenant has a warranty of that id."""
    return bool(await queries.fetch("select 1 from unit where id = $1", warranty))
