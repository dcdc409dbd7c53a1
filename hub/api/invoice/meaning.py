"""What an invoice means: one sale, its customer apart, or every reason why it means none."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from hub.api.bodies import BLANK
from hub.api.invoice.body import Customer, Insurance, Invoice
from hub.api.invoice.body import Product as Line
from hub.api.invoice.faults import Fault, InvoiceError, found
from hub.domain.errors import RejectedError
from hub.domain.line_names import line_names, repeated, same_unit
from hub.domain.phones import read_phone
from hub.domain.placeholders import completed, is_placeholder
from hub.domain.products import Asked, Goods, ask_for, identify
from hub.domain.written_dates import Written, is_ahead, read_written
from schemas.events.parts import Contact, Order, Product, Remark
from schemas.events.sale import ExtendedWarranty, SaleLine, SaleRecorded
from schemas.money import Money
from schemas.refs import derived_id

ISTANBUL = "Europe/Istanbul"
SELLER = "seller:"
"""What the namespace of an order begins with: sellers of one merchant number theirs apart."""
EMAIL = re.compile(rf"[^@{BLANK}]+@[^@{BLANK}]+")
BORN = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})( [0-9]{2}:[0-9]{2})?")

Catalogue = Mapping[Asked, Goods]
"""What the catalogue found of what it was asked."""


@dataclass(frozen=True, slots=True)
class Merchant:
    """The merchant that an invoice is sent for."""

    tenant: str
    code: str
    """The published merchantCode."""
    zone: str = ISTANBUL
    currency: str | None = None
    """Of prices, which come without one; where it is not known they are left out."""
    makes_each: bool = False
    """A line without a code makes a product of its own, whoever has that brand and name."""


@dataclass(slots=True)
class _Reading:
    """An invoice while it is read: what is wrong and what is remarkable piles up here."""

    invoice: Invoice
    merchant: Merchant
    received_at: datetime
    catalogue: Catalogue | None
    faults: list[Fault]
    remarks: list[Remark]
    names: list[str]

    def wrong(self, error: RejectedError, field: str, index: int | None = None) -> None:
        """Note what a rule found wrong."""
        line = None if index is None else self.invoice.products[index].external_line_id
        self.faults += found(error, field, index, line)


class _Told(NamedTuple):
    """What a line tells; what of it is wrong is None, and noted."""

    product: Product | None
    bought: Written | None
    until: Written | None


def order_of(seller: str, reference: str) -> Order:
    """The order an invoice speaks of."""
    return Order(namespace=SELLER + seller, reference=reference)


def asked_of(invoice: Invoice) -> Iterator[Asked]:
    """What the catalogue has to be asked for an invoice; a line that names no product asks nothing."""
    for line in invoice.products:
        try:
            yield ask_for(_goods(line))
        except RejectedError:
            continue


def meaning_of(
    invoice: Invoice,
    merchant: Merchant,
    received_at: datetime,
    catalogue: Catalogue | None = None,
) -> SaleRecorded:
    """The sale that an invoice reports. Without a catalogue, products are taken as they are told.

    Raises:
        InvoiceError: it means none, with every reason.

    """
    names = line_names([line.external_line_id for line in invoice.products])
    reading = _Reading(invoice, merchant, received_at, catalogue, [], [], names)
    customer = _contact(reading)
    told = [_told(reading, index) for index in range(len(names))]
    _check_dates(reading, told)
    _check_lines(reading, told)
    if reading.faults:
        raise InvoiceError(reading.faults, readable=True)
    dates = [one.bought.at for one in told if one.bought]
    # A line without a date is of today, and what has one is told apart from that.
    own = min(dates) if len(dates) == len(told) else None
    return SaleRecorded(
        order=order_of(invoice.seller_code, invoice.external_order_id),
        sold_at=own or received_at,
        zone=merchant.zone,
        lines=tuple(_line(reading, index, one, own) for index, one in enumerate(told)),
        branch=invoice.seller_code,
        customer=customer,
        undated=None if own else True,
        remarks=tuple(reading.remarks) or None,
    )


def _told(reading: _Reading, index: int) -> _Told:
    return _Told(
        _product(reading, index),
        _moment(reading, index, "purchaseDate"),
        _moment(reading, index, "warrantyExpireDate"),
    )


def _contact(reading: _Reading) -> Contact:
    told = reading.invoice.customer
    email = None if told.email and is_placeholder(told.email) else told.email
    if email and not EMAIL.fullmatch(email):
        message = "this is no e-mail address; write it like ayse@example.com, or leave it out"
        reading.faults.append(Fault("customer.email", "email_unreadable", message))
        email = None
    phone = _phone(reading, told)
    contact = Contact(
        name=f"{told.first_name} {told.last_name}",
        email=email,
        phone=phone,
        birth_date=_born(reading, told.birth_date),
        identification=told.identification_number,
    )
    # Made up for whoever has the address that was given, else for whoever the order is of.
    order, given = reading.invoice, email or phone
    known_by = (given,) if given else (order.seller_code, order.external_order_id)
    return completed(contact, reading.merchant.tenant, *known_by)


def _phone(reading: _Reading, told: Customer) -> str | None:
    if told.phone is None or is_placeholder(told.phone):
        return None
    try:
        phone = read_phone(told.phone, told.country_code)
    except RejectedError as error:
        reading.wrong(error, "customer.phone")
        return None
    if phone.elsewhere:
        message = f"the phone names another country than {told.country_code}, and that counts"
        reading.remarks.append(Remark(code="phone_elsewhere", message=message))
    return phone.number


def _born(reading: _Reading, text: str | None) -> date | None:
    """No rule asks for it, so that a birthday nobody can read is remarked and left out."""
    if text is None:
        return None
    read = BORN.fullmatch(text)
    try:
        if read:
            return date(int(read[3]), int(read[2]), int(read[1]))
        return date.fromisoformat(text)
    except ValueError:
        message = "the birthDate was left out; write it as DD-MM-YYYY"
        reading.remarks.append(Remark(code="birth_date_unreadable", message=message))
        return None


def _goods(line: Line) -> Goods:
    brand, name = (" ".join(text.split()) if text else None for text in (line.brand, line.name))
    return Goods(line.product_code, brand, name)


def _product(reading: _Reading, index: int) -> Product | None:
    told = _goods(reading.invoice.products[index])
    try:
        goods = _identified(reading, index, told)
    except RejectedError as error:
        reading.wrong(error, "productCode", index)
        return None
    return Product(code=goods.code, brand=goods.brand, name=goods.name)


def _identified(reading: _Reading, index: int, told: Goods) -> Goods:
    asked = ask_for(told)
    made = _made_for(reading, index) if reading.merchant.makes_each else None
    if reading.catalogue is None:
        own = asked.by == "name" and made is not None
        return Goods(made, told.brand, told.name) if own else told
    product = identify(told, reading.catalogue.get(asked), made)
    for what in product.differs:
        message = f"the catalogue has another {what} for this product, and keeps it"
        remark = Remark(code=f"{what}_differs", message=message, line=reading.names[index])
        reading.remarks.append(remark)
    return product.goods


def _made_for(reading: _Reading, index: int) -> str:
    """The code of a product that is made for one line: a repeat makes no other."""
    order = reading.invoice
    about = (order.seller_code, order.external_order_id, reading.names[index])
    return derived_id("made", reading.merchant.tenant, *about)


def _moment(reading: _Reading, index: int, field: str) -> Written | None:
    line = reading.invoice.products[index]
    text = line.purchase_date if field == "purchaseDate" else line.warranty_expire_date
    if text is None:
        return None
    try:
        return read_written(text, reading.merchant.zone)
    except RejectedError as error:
        reading.wrong(error, field, index)
        return None


def _check_dates(reading: _Reading, told: Sequence[_Told]) -> None:
    """What lies ahead, and what ended before it began; against today that is decided later."""
    for index, (_, begins, ends) in enumerate(told):
        line = reading.invoice.products[index].external_line_id
        if begins and is_ahead(begins, reading.merchant.zone, reading.received_at):
            message = "this is still to come; correct the date, or the clock that wrote it"
            fault = Fault("purchaseDate", "purchase_in_future", message, index, line)
            reading.faults.append(fault)
        if begins and ends and ends.on < begins.on:
            message = "cover ends before the day of purchase; correct one of the two"
            fault = Fault("warrantyExpireDate", "expires_before_purchase", message, index, line)
            reading.faults.append(fault)


def _check_lines(reading: _Reading, told: Sequence[_Told]) -> None:
    lines = reading.invoice.products
    for index in repeated([line.external_line_id for line in lines]):
        message = "another line has this externalLineId; give each line its own"
        fault = Fault("externalLineId", "line_repeated", message, index, reading.names[index])
        reading.faults.append(fault)
    keys = [
        (one.product.key, line.serial_number) if one.product else ("", None)
        for line, one in zip(lines, told, strict=True)
    ]
    for index in same_unit(keys):
        message = "another line has this product and serial number; correct one of them"
        own = lines[index].external_line_id
        reading.faults.append(Fault("serialNumber", "serial_repeated", message, index, own))


def _line(reading: _Reading, index: int, told: _Told, sold_at: datetime | None) -> SaleLine:
    line, merchant = reading.invoice.products[index], reading.merchant
    plans = tuple(
        _plan(plan, merchant) for plan in line.extended_warranties or () if plan.insurance_id
    )
    return SaleLine(
        line=reading.names[index],
        product=told.product or Product(),
        serials=(line.serial_number,) if line.serial_number else (),
        covered_until=told.until.on if told.until else None,
        price=_price(line.product_price, merchant),
        sold_at=told.bought.at if told.bought and told.bought.at != sold_at else None,
        extended=plans or None,
    )


def _plan(plan: Insurance, merchant: Merchant) -> ExtendedWarranty:
    return ExtendedWarranty(
        insurance=plan.insurance_id or "",
        name=plan.insurance_name,
        price=_price(plan.insurance_price, merchant),
        store=plan.store_code,
    )


def _price(price: Decimal | None, merchant: Merchant) -> Money | None:
    """Every country that this API knows counts a hundred to the unit of its money."""
    if price is None or merchant.currency is None:
        return None
    return Money(amount=int(price * 100), currency=merchant.currency)
