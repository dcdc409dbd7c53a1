"""A report that its source repeats: what it says is compared, and the first answer is given again."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from itertools import repeat

from msgspec.structs import replace

from hub.domain.errors import reject
from hub.processors.purchase.answers import Warranties
from hub.processors.purchase.state import Line, Purchase, Sale
from hub.sdk.decision import Decision
from hub.sdk.events import Outcome

MOST_RAWS = 8
"""Of so many further records that said the same, corrections are recognised."""


def says_the_same(first: Sale, told: Sale) -> bool:
    """Whether nothing at all differs; what a line leaves to the merchant's default does not."""
    about = (first.day, first.branch, first.customer)
    return about == (told.day, told.branch, told.customer) and Counter(_dated(first)) == Counter(
        _dated(told)
    )


def _dated(sale: Sale) -> Iterator[tuple[Line, date | None]]:
    return zip(sale.lines, sale.own_days or repeat(None), strict=False)


def answered(purchase: Purchase, first: Sale, **changed: object) -> Decision[Purchase]:
    """The first answer again; what is changed is how the report is remembered."""
    row = purchase.row
    if row is not None and changed:
        kept = replace(first, **changed)
        sales = tuple(kept if sale is first else sale for sale in row.sales)
        purchase = purchase.changed(replace(row, sales=sales))
    return Decision(purchase, Outcome.DEDUPLICATED, Warranties(first.answer))


def repeated(purchase: Purchase, first: Sale, told: Sale) -> Decision[Purchase]:
    """The first answer again.

    Raises:
        RejectedError: it says something else, by the source's words and by what they mean here.

    """
    alike = any(_content(first, key) == _content(told, key) for key in (_as_told, _as_called))
    if first.day != told.day or not alike:
        raise reject(
            "order_differs",
            "this source reported the order before with other content; "
            "send a return for what came back, or another order reference for what was added",
        )
    if told.raw is None or told.raw in (first.raw, *first.also) or len(first.also) >= MOST_RAWS:
        return answered(purchase, first)
    return answered(purchase, first, also=(*first.also, told.raw))


def _as_told(line: Line) -> str:
    return line.told or line.product


def _as_called(line: Line) -> str:
    return line.product


def _content(
    sale: Sale, key: Callable[[Line], str]
) -> dict[tuple[object, ...], tuple[int, list[str]]]:
    """How many of what, with which serials: the same however it is spread over lines."""
    content: dict[tuple[object, ...], tuple[int, list[str]]] = {}
    for line, day in _dated(sale):
        terms = (key(line), line.months, line.until, day)
        quantity, serials = content.get(terms, (0, []))
        content[terms] = (quantity + line.quantity, sorted([*serials, *line.serials]))
    return content
