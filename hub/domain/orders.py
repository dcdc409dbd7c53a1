"""When a sale is acceptable in itself, before anybody asks what else is known."""

from collections.abc import Iterator, Sequence
from datetime import date

from hub.domain.coverage import day_of
from hub.domain.errors import RejectedError, reject
from hub.domain.serials import normalise
from schemas.events.sale import SaleLine, SaleRecorded, SaleReturned
from schemas.events.warranty import Refusal

MAX_UNITS = 1000
"""How many units one purchase may hold."""


def check_size(units: int) -> None:
    """Refuse a purchase that is larger than one home may hold."""
    if units > MAX_UNITS:
        raise reject(
            "too_many_units",
            f"the purchase would hold {units} units; at most {MAX_UNITS}: split it into orders",
        )


def units_of(sale: SaleRecorded) -> int:
    """How many units a sale speaks of."""
    return sum([line.quantity for line in sale.lines])


def line_day(line: SaleLine, zone: str, day: date) -> date:
    """The day a line was sold on: the sale's, unless it names one of its own."""
    return day if line.sold_at is None else day_of(line.sold_at, zone)


def named(line: SaleLine) -> tuple[str, ...]:
    """The serials of a line but for those that are too many: they cost one reason in all."""
    return line.serials[: line.quantity]


def check_return(returned: SaleReturned) -> None:
    """Refuse a return that speaks of more than one purchase can hold."""
    serials = sum([len(line.serials) for line in returned.lines])
    if max(serials, len(returned.lines)) > MAX_UNITS:
        raise reject(
            "too_many_units", f"a purchase holds at most {MAX_UNITS} units: split the return"
        )


def check_lines(sale: SaleRecorded, day: date) -> None:
    """Refuse a sale whose lines contradict themselves or each other, with every reason."""
    reasons = [
        fault
        for line in sale.lines
        if len(line.serials) > line.quantity or line.covered_until is not None
        for fault in _faults(line, sale.zone, day)
    ]
    if len(sale.lines) > 1:
        reasons += _repeated_lines(sale.lines)
    if len(sale.lines) > 1 or len(sale.lines[0].serials) > 1:
        reasons += _repeated_serials(sale.lines, [line.product.key for line in sale.lines])
    if reasons:
        raise RejectedError(reasons)


def _faults(line: SaleLine, zone: str, day: date) -> Iterator[Refusal]:
    if len(line.serials) > line.quantity:
        message = f"{len(line.serials)} serials for a quantity of {line.quantity}"
        yield Refusal(code="too_many_serials", message=message, line=line.line)
    if line.covered_until is not None and line.covered_until < line_day(line, zone, day):
        sold = line_day(line, zone, day)
        message = f"covered until {line.covered_until} but sold on {sold}"
        yield Refusal(code="covered_until_before_sale", message=message, line=line.line)


def _repeated_lines(lines: tuple[SaleLine, ...]) -> Iterator[Refusal]:
    seen = set[str]()
    for line in lines:
        if line.line in seen:
            message = f"line {line.line!r} stands twice in this sale"
            yield Refusal(code="line_repeated", message=message, line=line.line)
        seen.add(line.line)


def check_serials(lines: Sequence[SaleLine], keys: Sequence[str]) -> None:
    """Refuse a sale in which a serial stands twice for one product, as these keys name products."""
    reasons = list(_repeated_serials(lines, keys))
    if reasons:
        raise RejectedError(reasons)


def _repeated_serials(lines: Sequence[SaleLine], keys: Sequence[str]) -> Iterator[Refusal]:
    seen = set[tuple[str, str]]()
    for line, key in zip(lines, keys, strict=True):
        for serial in named(line):
            thing = (normalise(serial), key)
            if thing in seen:
                message = f"serial {serial!r} stands twice for one product"
                yield Refusal(code="serial_repeated", message=message, line=line.line)
            seen.add(thing)
