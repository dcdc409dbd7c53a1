"""On what ground each report of a unit stands: the ruling on its period, and what a shop said of it."""

from msgspec.structs import replace

from hub.domain.reports import Report
from hub.domain.rulings import Ruling
from hub.domain.shop_orders import Verification
from hub.processors.purchase.state import Unit


def ruled(unit: Unit, ruling: Ruling | None) -> Unit:
    """The unit with the ruling on one more of its reports."""
    if ruling is None or ruling in unit.rulings:
        return unit
    return replace(unit, rulings=(*unit.rulings, ruling))


def verified(unit: Unit, verification: Verification | None) -> Unit:
    """The unit with what a shop said of one more of its registrations."""
    if verification is None or verification in unit.verifications:
        return unit
    return replace(unit, verifications=(*unit.verifications, verification))


def still_ruled(unit: Unit, reports: tuple[Report, ...]) -> tuple[Ruling, ...]:
    """The rulings on these reports."""
    told = {(report.event, report.line) for report in reports}
    return tuple(one for one in unit.rulings if (one.event, one.line) in told)


def still_verified(unit: Unit, reports: tuple[Report, ...]) -> tuple[Verification, ...]:
    """What shops said of these reports."""
    told = {report.event for report in reports}
    return tuple(one for one in unit.verifications if one.event in told)
