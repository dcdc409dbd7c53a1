"""What follows from the set of reports on one unit, in whatever order they came."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec

SALE: Literal["sale"] = "sale"
REGISTRATION: Literal["registration"] = "registration"


class Report(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """That a source sold or registered a unit; `reference` is its order's or registration's."""

    connector: str
    by: Literal["sale", "registration"]
    namespace: str | None
    reference: str
    line: str
    """Empty for a registration."""
    day: date
    """The day of sale, or of purchase as the owner states it."""
    ends_on: date
    branch: str | None
    customer: str | None
    event: str
    revision: int = 0
    """Of the translation that says so; a higher one corrects what a lower one said."""
    extended_until: date | None = None
    """Of a sale: the last day of cover once an owner has registered the unit."""
    contact: str | None = None
    """Where what was said of the customer is kept, if it is remarkable."""
    remarks: tuple[str, ...] = ()
    """What is remarkable about it."""


class InForce(msgspec.Struct, frozen=True, gc=False):
    """What the reports on a unit amount to."""

    starts_on: date
    ends_on: date
    order_reference: str | None
    branch: str | None
    customer: str | None


def in_force(reports: Sequence[Report]) -> InForce:
    """What counts of a unit: sales decide the dates, registrations the owner.

    A registration extends what was sold to the longer period that its sale may have. Without a
    sale, registrations decide the dates too. The earliest report that knows a branch or a customer
    names it.
    """
    ordered = sorted(reports, key=_rank)
    sales = [report for report in ordered if report.by == SALE]
    owners = [report for report in ordered if report.by == REGISTRATION]
    return InForce(
        starts_on=(sales or owners)[0].day,
        ends_on=_last_day(sales, owners),
        order_reference=sales[0].reference if sales else None,
        branch=next((report.branch for report in sales + owners if report.branch), None),
        customer=next((report.customer for report in owners + sales if report.customer), None),
    )


def _last_day(sales: Sequence[Report], owners: Sequence[Report]) -> date:
    last = max([report.ends_on for report in sales or owners])
    if not (sales and owners):
        return last
    return max([last, *(sold.extended_until for sold in sales if sold.extended_until)])


def _rank(report: Report) -> tuple[date, str, str, str, str]:
    return (
        report.day,
        report.connector,
        report.namespace or "",
        report.reference,
        report.line,
    )


def same(one: Report, other: Report) -> bool:
    """Whether two reports say the same, whichever event and revision of it said so."""
    return one == msgspec.structs.replace(other, event=one.event, revision=one.revision)


def of_order(report: Report, order: tuple[str | None, str]) -> bool:
    """Whether it reports a sale under that order."""
    return report.by == SALE and (report.namespace, report.reference) == order


def told_by(reports: Sequence[Report], connector: str, order: tuple[str | None, str]) -> bool:
    """Whether that source reported this unit under that order already."""
    return any(
        report.by == SALE
        and report.connector == connector
        and (report.namespace, report.reference) == order
        for report in reports
    )


def told_elsewhere(reports: Sequence[Report], sale: Report) -> bool:
    """Whether the same source reported this unit under another order: it never sells one twice."""
    return any(
        report.by == SALE
        and report.connector == sale.connector
        and (report.namespace, report.reference) != (sale.namespace, sale.reference)
        for report in reports
    )


def may_join(reports: Sequence[Report], sale: Report) -> bool:
    """Whether a sale under another order can be of this unit, or would be its second sale.

    A unit that is only registered is still to be sold. A second report of one sale comes from
    another source, on the same day or under the same order.
    """
    sales = [report for report in reports if report.by == SALE]
    if any(report.connector == sale.connector for report in sales):
        return told_by(sales, sale.connector, (sale.namespace, sale.reference))
    return not sales or any(
        report.day == sale.day
        or (report.namespace, report.reference) == (sale.namespace, sale.reference)
        for report in sales
    )
