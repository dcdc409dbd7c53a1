"""A till's nightly file, in the columns and with the quirks of its merchant."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.dev.simulator.goods import Export, Merchant
from hub.dev.simulator.order import Order, now
from hub.dev.simulator.said import Row

Cells = dict[str, str]
"""By the names of the columns."""
DAY = "%d.%m.%Y"


def sold(order: Order) -> Row:
    export = order.merchant.export
    goods = _goods(order, export.sale)
    terms = {"price": _amount(order.good.price), "months": str(order.good.months or "")}
    return Row(
        order.merchant.tenant,
        {
            **_receipt(export, "order", order, order.number),
            **_when(order.merchant, order.sold_at),
            **_named(export, goods | terms),
        },
    )


def returned(order: Order) -> Row:
    """All of it came back."""
    export = order.merchant.export
    return Row(
        order.merchant.tenant,
        {
            **_receipt(export, "original_order", order, order.number),
            **_receipt(export, "order", order, f"R-{order.number}"),
            **_when(order.merchant, now()),
            **_named(export, _goods(order, export.returned)),
        },
    )


def broken(row: Row, export: Export) -> Row:
    """On a day that no calendar has."""
    return Row(row.tenant, {**row.cells, export.columns["sold_at"][0]: "31.02.2026"})


def written(export: Export, rows: Sequence[Row]) -> bytes:
    """The file."""
    text = io.StringIO()
    header = list(dict.fromkeys(one for names in export.columns.values() for one in names))
    writer = csv.DictWriter(text, header, restval="", delimiter=export.delimiter)
    writer.writeheader()
    writer.writerows(row.cells for row in rows)
    return text.getvalue().encode(export.encoding)


def _named(export: Export, fields: Cells) -> Cells:
    """Fields of one column under its name; what the merchant has no column for is not said."""
    known = {name: export.columns[name] for name in fields if name in export.columns}
    return {columns[0]: fields[name] for name, columns in known.items()}


def _receipt(export: Export, field: str, order: Order, number: str) -> Cells:
    """What names a receipt: a number alone, or branch, till, day and number."""
    columns = export.columns[field]
    if len(columns) == 1:
        return {columns[0]: number}
    day = datetime.fromisoformat(order.day).strftime(DAY)
    return dict(zip(columns, (order.branch, str(order.till), day, number), strict=True))


def _when(merchant: Merchant, moment: datetime) -> Cells:
    day, clock = merchant.export.columns["sold_at"]
    local = moment.astimezone(ZoneInfo(merchant.zone))
    return {day: local.strftime(DAY), clock: local.strftime("%H:%M")}


def _goods(order: Order, word: str) -> Cells:
    return {
        "type": word,
        "product_code": order.good.code,
        "product_name": order.good.name,
        "quantity": str(order.quantity),
        "serials": order.serial or "",
        "branch": order.branch,
        "till": str(order.till),
    }


def _amount(minor: int) -> str:
    """As people with a decimal comma write it: 32.499,90."""
    return f"{Decimal(minor).scaleb(-2):,.2f}".translate(str.maketrans(",.", ".,"))
