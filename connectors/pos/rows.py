"""One row of an export: what its cells say, under whatever column names the map gives."""

from collections.abc import Mapping
from typing import Any, Literal

from connectors.pos.facts import joined
from connectors.pos.settings import NEEDED, REFERENCES, Settings, comparable
from connectors.sdk import untranslatable
from connectors.sdk.facts import of_field, read_serial
from connectors.sdk.values import Mark, quoted, read_count, read_day, read_instant, read_money

Kind = Literal["sale", "return"]


def text_of(row: Mapping[str, Any], name: str, settings: Settings) -> str:
    """What a row says of a field: stripped text, empty where it says nothing.

    A reference made of several columns says nothing unless all of them do.
    """
    columns = settings.columns.get(name)
    if columns is None or len(columns) == 1:
        cell = row.get(columns[0] if columns else name)
        return "" if cell is None else str(cell).strip()
    texts = [str(row[column]).strip() if row.get(column) is not None else "" for column in columns]
    if name in REFERENCES:
        return joined(texts, settings.slash_dates)
    return " ".join(filter(None, texts))


def _mark(row: Mapping[str, Any], name: str, settings: Settings) -> Mark | None:
    """The decimal mark of a cell: JSON's own numbers have a point, whatever the map says."""
    (column, *_) = settings.columns.get(name, (name,))
    return settings.decimal if isinstance(row.get(column), str) else "."


def read_kind(row: Mapping[str, Any], settings: Settings) -> Kind:
    word = comparable(text_of(row, "type", settings))
    if word in settings.returns:
        return "return"
    if word and word not in settings.sales:
        message = f"type {quoted(word)} is neither a sale nor a return; name it in sale_words or return_words"
        raise untranslatable("type_unknown", message)
    return "return" if text_of(row, "quantity", settings).startswith(("-", "\u2212")) else "sale"


def read_line(row: dict[str, Any], settings: Settings, number: int) -> dict[str, Any]:
    """The line of a fact; raises with the first thing wrong in it."""
    if row["fault"]:
        raise untranslatable(*row["fault"])
    cells = row["cells"]

    def text(name: str) -> str:
        return text_of(cells, name, settings)

    read_kind(cells, settings)
    for name in NEEDED:
        if not text(name):
            raise untranslatable(f"{name}_missing", f"{name} is blank; fill the cell or map it")
    with of_field("sold_at"):
        read_instant(text("sold_at"), settings.zone, settings.slash_dates)
    serials = _serials(cells, settings)
    product = {part: text(f"product_{part}") or None for part in ("code", "brand", "name")}
    if not serials and not any(product.values()):
        message = "neither product nor serial; map product_code, product_name or serials"
        raise untranslatable("product_missing", message)
    mark = _mark(cells, "quantity", settings)
    with of_field("quantity"):
        quantity = read_count(text("quantity"), mark) if text("quantity") else len(serials) or 1
    if quantity == 0:
        raise untranslatable("quantity_zero", "quantity is 0; correct or delete the row")
    return {
        "line": text("line") or str(number),
        "product": product,
        "quantity": abs(quantity),
        "serials": serials,
        **_terms(cells, settings),
    }


def _terms(cells: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """What a line was sold for and with which cover; blank cells say nothing."""
    terms: dict[str, Any] = {}
    if price := text_of(cells, "price", settings):
        currency = text_of(cells, "currency", settings) or settings.currency
        with of_field("price"):
            terms["price"] = read_money(price, _mark(cells, "price", settings), currency)
    if months := text_of(cells, "months", settings):
        with of_field("months"):
            terms["coverage_months"] = read_count(months, _mark(cells, "months", settings))
    if until := text_of(cells, "covered_until", settings):
        with of_field("covered_until"):
            terms["covered_until"] = read_day(until, settings.slash_dates)
    return terms


def _serials(cells: Mapping[str, Any], settings: Settings) -> list[str]:
    found: list[str] = []
    for column in settings.columns.get("serials", ("serials",)):
        cell = cells.get(column)
        parts = cell if isinstance(cell, list) else [cell]
        for part in parts:
            if part is not None and not isinstance(part, str):
                message = f"serial {quoted(str(part))} is no text, and numbers lose their zeros; write it quoted"
                raise untranslatable("serial_not_text", message)
            text = part or ""
            found += text.split(settings.serial_separator) if settings.serial_separator else [text]
    return [read_serial(text) for text in found if text.strip()]
