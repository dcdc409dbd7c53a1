"""A row of an export as a fact: all of a product or category, or one movement of stock.

What is described must say since when: of two descriptions the later one counts, so that a file
which comes late, or again, takes nothing back.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.catalogue.settings import NEEDED, Kind, Settings
from connectors.sdk import FileRecord, Origin, Translated, untranslatable
from connectors.sdk.cells import Cells, filled, records_of
from connectors.sdk.facts import built, read_serial
from schemas.base import Fact
from schemas.events.product import CategoryDescribed, ProductDescribed, StockMoved
from schemas.refs import category_home, derived_id, movement_home, product_home

REMEDY = "correct the row and drop the file again"
BETWEEN, PARTED = ";", "|"
"""Between two links of a cell, and between the title of a link and its address."""


def records(path: Path, settings: Settings) -> Iterator[FileRecord]:
    return records_of(path, settings, NEEDED[settings.kind])


def translate(record: FileRecord, settings: Settings, origin: Origin) -> Iterator[Translated]:
    """One row as one event."""
    row = filled(record, settings, NEEDED[settings.kind])
    fact, at, home = MEANINGS[settings.kind](row, origin)
    body = fact.model_dump_json(exclude_none=True)
    yield Translated(
        id=derived_id("cat", origin.tenant, origin.source, fact.TYPE, body),
        time=at,
        fact=fact,
        home=home,
        lines=((None, record.line),),
    )


def _product(row: Cells[Settings], origin: Origin) -> tuple[Fact, datetime, str]:
    at = row.at("described_at")
    plain = {name: row.text(name) or None for name in ("code", "name", "brand", "category")}
    said = {
        **plain,
        "described_at": at,
        "terms": _terms(row),
        "supplier": _supplier(row),
        "documents": _links(row, "documents"),
        "support": _links(row, "support"),
    }
    fact = built(ProductDescribed, said, REMEDY)
    return fact, at, product_home(origin.tenant, fact.code)


def _category(row: Cells[Settings], origin: Origin) -> tuple[Fact, datetime, str]:
    at = row.at("described_at")
    said = {name: row.text(name) or None for name in ("code", "name")}
    fact = built(CategoryDescribed, {**said, "described_at": at, "terms": _terms(row)}, REMEDY)
    return fact, at, category_home(origin.tenant, fact.code)


def _movement(row: Cells[Settings], origin: Origin) -> tuple[Fact, datetime, str]:
    at = row.at("moved_at")
    said = {name: row.text(name) for name in ("reference", "product", "branch")}
    serials = row.cell("serials")
    if serials is not None and not isinstance(serials, str | list):
        message = "a serial is no text, and numbers lose their zeros; write it quoted"
        raise untranslatable("serial_not_text", message)
    parts = serials if isinstance(serials, list) else (serials or "").split(BETWEEN)
    if not all(isinstance(part, str) for part in parts):
        message = "a serial is no text, and numbers lose their zeros; write it quoted"
        raise untranslatable("serial_not_text", message)
    moved = {
        **said,
        "quantity": row.count("quantity"),
        "moved_at": at,
        "reason": row.text("reason") or None,
        "serials": [read_serial(part) for part in parts if part.strip()],
    }
    fact = built(StockMoved, moved, REMEDY)
    return fact, at, movement_home(origin.tenant, origin.source, fact.reference)


def _terms(row: Cells[Settings]) -> dict[str, Any] | None:
    months, longer = row.count("months"), row.count("extended_months")
    if months is None:
        if longer is not None or row.text("cover_type") or row.flag("transferable"):
            message = "months is blank beside other terms; fill it, or clear them all"
            raise untranslatable("months_missing", message)
        return None
    default = row.settings.cover_type
    standard = {"months": months, "type": row.text("cover_type") or default}
    extended = {"months": longer, "type": row.text("extended_type") or default}
    return {
        "standard": standard,
        "extended": extended if longer is not None else None,
        "transferable": row.flag("transferable"),
    }


def _supplier(row: Cells[Settings]) -> dict[str, Any] | None:
    said = {
        "code": row.text("supplier_code") or None,
        "name": row.text("supplier_name") or None,
        "coverage_months": row.count("supplier_months"),
        "claim_within_days": row.count("supplier_claim_days"),
        "needs_serial": row.flag("supplier_needs_serial"),
    }
    if said["code"] is None:
        if any(said.values()):
            message = "supplier_code is blank beside the supplier's terms; fill it"
            raise untranslatable("supplier_code_missing", message)
        return None
    return said


def _links(row: Cells[Settings], name: str) -> list[Any]:
    """Links of a cell, as `Manual|https://…;Parts|https://…`, or a list of objects in JSON lines."""
    cell = row.cell(name)
    if isinstance(cell, list):
        return cell
    parts = [part.strip() for part in row.text(name).split(BETWEEN)]
    links = []
    for part in filter(None, parts):
        title, mark, address = part.partition(PARTED)
        links.append({"title": title.strip() if mark else name, "url": (address or title).strip()})
    return links


MEANINGS: Mapping[Kind, Callable[[Cells[Settings], Origin], tuple[Fact, datetime, str]]] = {
    "products": _product,
    "categories": _category,
    "stock": _movement,
}
