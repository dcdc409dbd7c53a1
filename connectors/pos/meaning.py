"""What a ticket means: a sale or a return, or nothing that a warranty depends on."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from connectors.pos.settings import Settings
from connectors.pos.ticket import (
    REMEDY,
    Kind,
    Line,
    Ticket,
    kind_of,
    own_reference,
    read,
    sold_reference,
    text,
    zone_of,
)
from connectors.sdk import (
    Canonical,
    Fault,
    MeaninglessError,
    Origin,
    RawRecord,
    UntranslatableError,
    untranslatable,
)
from connectors.sdk.facts import built, of_field, read_serial
from connectors.sdk.values import EXACT, quoted, read_day, read_instant, read_money
from schemas.events.sale import SaleRecorded, SaleReturned
from schemas.money import Money
from schemas.refs import order_home


def translate(record: RawRecord, settings: Settings, origin: Origin) -> tuple[Canonical]:
    """One ticket as one event, under the order that a row of the till's export has too."""
    ticket = read(record.payload, Ticket)
    kind = kind_of(ticket, settings)
    if kind == "quiet":
        kept_as = quoted(ticket.type or "")
        raise MeaninglessError(f"a ticket of type {kept_as} speaks of no sale and no return")
    if ticket.lines == ():
        raise MeaninglessError(f"a {kind} without lines speaks of no product")
    fact = _sale(ticket, settings) if kind == "sale" else _return(ticket, settings)
    home = order_home(origin.tenant, fact.order.namespace, fact.order.reference)
    time = fact.sold_at if isinstance(fact, SaleRecorded) else fact.returned_at
    return (Canonical(time, fact, home),)


def _sale(ticket: Ticket, settings: Settings) -> SaleRecorded:
    if ticket.lines == "all":
        raise untranslatable("lines_missing", f"a sale lists what was sold; {REMEDY}")
    customer = msgspec.structs.asdict(ticket.customer) if ticket.customer else {}
    fact = {
        **_common(ticket, "sale", settings),
        "sold_at": _at(ticket, settings),
        "lines": _lines(ticket, "sale", settings),
        "till": text(ticket.till) or None,
        "seller": text(ticket.seller) or None,
        "customer": {name: said for name, said in customer.items() if said} or None,
    }
    return built(SaleRecorded, fact, REMEDY)


def _return(ticket: Ticket, settings: Settings) -> SaleReturned:
    fact = {
        **_common(ticket, "return", settings),
        "reference": own_reference(ticket, settings),
        "returned_at": _at(ticket, settings),
        "lines": () if ticket.lines == "all" else _lines(ticket, "return", settings),
    }
    return built(SaleReturned, fact, REMEDY)


def _common(ticket: Ticket, kind: Kind, settings: Settings) -> dict[str, Any]:
    reference = sold_reference(ticket, kind, settings)
    return {
        "order": {"namespace": settings.namespace, "reference": reference},
        "zone": zone_of(ticket, settings),
        "branch": text(ticket.branch) or None,
    }


def _at(ticket: Ticket, settings: Settings) -> datetime:
    if not ticket.at:
        raise untranslatable("at_missing", f"at is missing: when was it? {REMEDY}")
    zone = zone_of(ticket, settings)
    with of_field("at"):
        return read_instant(ticket.at, zone, settings.slash_dates)


def _lines(ticket: Ticket, kind: Kind, settings: Settings) -> list[dict[str, Any]]:
    """Every line, or the first fault of each that has one."""
    if ticket.lines is None or ticket.lines == "all":
        message = f"lines are missing: list what was sold or came back; {REMEDY}"
        raise untranslatable("lines_missing", message)
    tell = _sold if kind == "sale" else _returned
    told: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for number, line in enumerate(ticket.lines, start=1):
        try:
            told.append(tell(line, number, ticket, settings))
        except UntranslatableError as error:
            where = f"line {quoted(text(line.line)) if line.line else number}"
            faults += [Fault(fault.code, f"{where}: {fault.message}") for fault in error.faults]
    if faults:
        raise UntranslatableError(*faults)
    return told


def _sold(line: Line, number: int, ticket: Ticket, settings: Settings) -> dict[str, Any]:
    goods = _goods(line)
    if not goods["serials"] and not goods["product"]:
        message = f"neither product nor serial; {REMEDY}"
        raise untranslatable("product_missing", message)
    if goods["quantity"] < 1:
        message = f"a sale of {goods['quantity']}; send what comes back as a return"
        raise untranslatable("quantity_invalid", message)
    return {
        **goods,
        "line": text(line.line) or str(number),
        "product": goods["product"] or {},
        "coverage_months": line.months,
        "covered_until": _day(line.covered_until, settings),
        "price": _price(line.price, ticket.currency or settings.currency),
    }


def _returned(line: Line, _number: int, _ticket: Ticket, _settings: Settings) -> dict[str, Any]:
    goods = _goods(line)
    named = text(line.line) or None
    if not (goods["serials"] or goods["product"] or named):
        message = f"neither line, product nor serial; {REMEDY}"
        raise untranslatable("product_missing", message)
    if goods["quantity"] == 0:
        raise untranslatable("quantity_invalid", f"nothing came back; {REMEDY}")
    return {**goods, "line": named, "quantity": abs(goods["quantity"])}


def _goods(line: Line) -> dict[str, Any]:
    written = (*([line.serial] if line.serial else []), *(line.serials or ()))
    serials = [read_serial(serial) for serial in written if serial.strip()]
    product = line.product
    parts = {name: text(getattr(product, name)) for name in ("code", "brand", "name") if product}
    return {
        "product": {name: said for name, said in parts.items() if said} or None,
        "quantity": (len(serials) or 1) if line.quantity is None else line.quantity,
        "serials": serials,
    }


def _day(said: str | None, settings: Settings) -> date | None:
    with of_field("covered_until"):
        return read_day(said, settings.slash_dates) if said else None


def _price(price: Decimal | None, currency: str | None) -> Money | None:
    if price is None:
        return None
    if not price.is_finite() or abs(price.adjusted()) > EXACT:
        raise untranslatable("amount_invalid", f"price {quoted(str(price))} is no amount; {REMEDY}")
    with of_field("price"):
        return read_money(f"{price:f}", ".", currency)
