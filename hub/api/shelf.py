"""Reading warranties: the rows that deciding writes are what is read, so nothing lags behind."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

import msgspec

from hub.adapters.postgres import Queries
from hub.api.documents import Happened, OrderDocument, Warranty, WarrantyWithHistory
from hub.api.filters import Filters
from hub.domain.reports import SALE, Report
from hub.domain.serials import normalise

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
    ended_on: date | None = None
    returned_by: tuple[str, ...] = ()


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
    return WarrantyWithHistory(**_fields(rows[0], kept), history=list(_history(kept)))


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
            event=report.event,
            trace=f"/v1/trace/{quote(report.event, safe='')}",
        )
    if kept.ended_on is not None:
        yield Happened(
            what="ended", on=kept.ended_on, sources=list(dict.fromkeys(kept.returned_by))
        )
