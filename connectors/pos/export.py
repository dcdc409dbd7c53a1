"""An export of a till or shop, one sale line or one return a row, under any column names.

A map says which column holds what; a field it does not name is looked for under its own name
(the fields are those of `FIELDS`). Several columns for one field are joined: order references
with `/`, which is how a receipt number that restarts daily becomes unique, all else with a blank.
A day within such a reference counts as YYYY-MM-DD however it is written, so that a receipt meets
the ticket which its till posted (`connectors/pos/ticket.py`): map branch, till, day and number.

Rows of one order that follow each other are one sale; rows of it that stand further apart are
told as another sale of the same order, and the hub decides what that means. A sale is told whole
or not at all: one bad line keeps its neighbours of the same order back.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.pos.rows import read_kind, read_line, text_of
from connectors.pos.settings import NEEDED, Settings
from connectors.sdk import (
    Fault,
    FileRecord,
    Origin,
    Translated,
    UntranslatableError,
)
from connectors.sdk.facts import built
from connectors.sdk.tables import read_rows
from connectors.sdk.values import read_day, read_instant
from schemas.events.sale import SaleRecorded, SaleReturned
from schemas.refs import derived_id, order_home

MAX_ROWS = 1000
"""Of one order; the hub takes no purchase of more units."""
MAX_SIZE = 1024 * 1024
"""Characters of one order; a row that is larger by itself is an order by itself."""
TOO_LONG = Fault(
    "order_too_long",
    f"more than {MAX_ROWS} rows or {MAX_SIZE} characters of one order follow each other; "
    "map order to what tells receipts apart, or split the order",
)
REMEDY = "correct the cell and publish the file again"


def records(path: Path, settings: Settings) -> Iterator[FileRecord]:
    columns = [column for columns in settings.columns.values() for column in columns]
    needed = [name for name in NEEDED if name not in settings.columns]
    rows = read_rows(
        path,
        columns=[*columns, *needed],
        encoding=settings.encoding,
        delimiter=settings.delimiter,
    )
    return gather(rows, settings)


def gather(rows: Iterable[FileRecord], settings: Settings) -> Iterator[FileRecord]:
    """Put rows that follow each other and belong to one sale or one return into one record.

    More of them than an order can have are told as faults, piece by piece: memory stays flat even
    where a map takes the branch for the order.
    """
    key: tuple[str, ...] = ()
    parts: list[FileRecord] = []
    size, too_long = 0, False
    for row in rows:
        found = _belongs_to(row, settings)
        same = found == key
        full = len(parts) >= MAX_ROWS or size + row.size > MAX_SIZE
        if parts and (full or not same):
            too_long = too_long or (full and same)
            yield _record(key, parts, TOO_LONG if too_long else None)
            parts, size, too_long = [], 0, too_long and same
        key = found
        size += row.size
        parts.append(row)
    if parts:
        yield _record(key, parts, TOO_LONG if too_long else None)


def _belongs_to(row: FileRecord, settings: Settings) -> tuple[str, ...]:
    order = text_of(row.body, "order", settings)
    if not order:
        return ("", f"line {row.line}")
    try:
        kind = read_kind(row.body, settings)
    except UntranslatableError:
        kind = "sale"
    if kind == "sale":
        return (order, kind)
    # One order may come back in parts, at one counter after the other.
    original = text_of(row.body, "original_order", settings)
    return (order, kind, original, text_of(row.body, "sold_at", settings))


def _record(key: tuple[str, ...], parts: list[FileRecord], fault: Fault | None) -> FileRecord:
    rows = [
        {"line": part.line, "cells": part.body, "fault": _plain(part.fault or fault)}
        for part in parts
    ]
    size = sum([part.size for part in parts])
    return FileRecord(key[0] or key[1], {"rows": rows}, parts[0].line, size=size)


def _plain(fault: Fault | None) -> list[str] | None:
    return [fault.code, fault.message] if fault else None


def translate(record: FileRecord, settings: Settings, origin: Origin) -> Iterator[Translated]:
    """One record, which is one sale or one return, as one event."""
    rows, repeats = _distinct(record.body["rows"], settings)
    faults: list[Fault] = []
    try:
        fact, lines = _fact(rows, settings)
    except UntranslatableError as error:
        faults += [Fault(f.code, f.message, f.line or record.line) for f in error.faults]
        raise UntranslatableError(*faults, *_kept_back(record, faults)) from error
    order = fact.order
    body = fact.model_dump_json(exclude_none=True)
    yield Translated(
        id=derived_id("exp", origin.tenant, origin.source, order.reference, fact.TYPE, body),
        time=fact.sold_at if isinstance(fact, SaleRecorded) else fact.returned_at,
        fact=fact,
        home=order_home(origin.tenant, order.namespace, order.reference),
        lines=tuple(zip(lines, (row["line"] for row in rows), strict=True)),
        repeats=repeats,
    )


def _fact(
    rows: list[dict[str, Any]], settings: Settings
) -> tuple[SaleRecorded | SaleReturned, list[str | None]]:
    """The fact, and the line of it that each row became. Every row's first fault is reported."""
    faults: list[Fault] = []
    lines: list[dict[str, Any]] = []
    for number, row in enumerate(rows, start=1):
        try:
            lines.append(read_line(row, settings, number))
        except UntranslatableError as error:
            faults += [Fault(f.code, f.message, row["line"]) for f in error.faults]
    if faults:
        raise UntranslatableError(*faults)
    if read_kind(rows[0]["cells"], settings) == "sale":
        return _sale(rows, lines, settings), [line["line"] for line in lines]
    return _return(rows, lines, settings), [None] * len(lines)


def _kept_back(record: FileRecord, faults: list[Fault]) -> Iterator[Fault]:
    bad = {fault.line for fault in faults}
    for row in record.body["rows"]:
        if row["line"] not in bad:
            message = f"kept back, because line {faults[0].line} of the same order cannot be read"
            yield Fault("order_incomplete", message, row["line"])


def _distinct(
    rows: list[dict[str, Any]], settings: Settings
) -> tuple[list[dict[str, Any]], dict[int, int]]:
    """Rows without those that say again what one before said.

    Only a serial or a line number tells a repeated row from a second unit of the same product.
    """
    kept: list[dict[str, Any]] = []
    repeats: dict[int, int] = {}
    seen: dict[str, int] = {}
    for row in rows:
        cells = row["cells"]
        telling = text_of(cells, "serials", settings) or text_of(cells, "line", settings)
        first = seen.setdefault(repr(sorted(cells.items())), row["line"]) if telling else None
        if first in {None, row["line"]}:
            kept.append(row)
        else:
            repeats[row["line"]] = first
    return kept, repeats


def _sale(
    rows: list[dict[str, Any]], lines: list[dict[str, Any]], settings: Settings
) -> SaleRecorded:
    cells = rows[0]["cells"]
    fact = {
        "order": _order(text_of(cells, "order", settings), settings),
        "sold_at": _one_day(rows, settings),
        "zone": settings.zone,
        "lines": lines,
        "customer": _customer(cells, settings),
        **{n: text_of(cells, n, settings) or None for n in ("branch", "till", "seller")},
    }
    return built(SaleRecorded, fact, REMEDY)


def _one_day(rows: list[dict[str, Any]], settings: Settings) -> Any:
    """The time of the first row; the others must agree on the day."""
    zone, slash = settings.zone, settings.slash_dates
    times = [read_instant(text_of(row["cells"], "sold_at", settings), zone, slash) for row in rows]
    days = [read_day(text_of(row["cells"], "sold_at", settings), slash) for row in rows]
    for row, day in zip(rows, days, strict=True):
        if day != days[0]:
            message = (
                f"this order has rows of {days[0]} and of {day}; if receipt numbers restart, "
                "map order to several columns, such as branch, till, day and number"
            )
            raise UntranslatableError(Fault("order_spans_days", message, row["line"]))
    return times[0]


def _return(
    rows: list[dict[str, Any]], lines: list[dict[str, Any]], settings: Settings
) -> SaleReturned:
    cells = rows[0]["cells"]
    own, original = (text_of(cells, name, settings) for name in ("order", "original_order"))
    at = read_instant(text_of(cells, "sold_at", settings), settings.zone, settings.slash_dates)
    # A line counted here is this file's count; only a mapped one is the line that was sold.
    named = [bool(text_of(row["cells"], "line", settings)) for row in rows]
    back = [
        {k: v for k, v in line.items() if k in {"product", "quantity", "serials"}}
        | ({"line": line["line"]} if known else {})
        for line, known in zip(lines, named, strict=True)
    ]
    fact = {
        "order": _order(original or own, settings),
        "reference": own if original else derived_id("ret", own, at.isoformat(), repr(back)),
        "returned_at": at,
        "zone": settings.zone,
        "lines": back,
        "branch": text_of(cells, "branch", settings) or None,
    }
    return built(SaleReturned, fact, REMEDY)


def _order(reference: str, settings: Settings) -> dict[str, str]:
    return {"namespace": settings.namespace, "reference": reference}


def _customer(cells: Mapping[str, Any], settings: Settings) -> dict[str, str] | None:
    parts = {n: text_of(cells, f"customer_{n}", settings) for n in ("name", "email", "phone")}
    return {name: text for name, text in parts.items() if text} or None
