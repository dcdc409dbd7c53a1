"""What people decide of a unit by hand: it ends, is reinstated, or is covered for longer."""

from datetime import date

from msgspec.structs import replace

from hub.domain.by_hand import Decided
from hub.domain.errors import reject
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.state import COVERED, ENDED, Unit
from hub.sdk.decision import Said
from schemas.events.decided import WarrantyExtended, WarrantyReinstated
from schemas.events.parts import DecidedBy
from schemas.events.warranty import WarrantyEnded


def check_change(unit: Unit, change: str, until: date | None = None) -> None:
    """Refuse what would change nothing, or what only a sale or return can.

    Raises:
        RejectedError: with what stands.

    """
    if change == "end" and unit.status == ENDED:
        raise reject("already_ended", f"warranty {unit.id} has ended already")
    if change != "end" and (unit.returned_by or unit.withdrawn):
        why = "its order was deleted or it was never sold" if unit.withdrawn else "it came back"
        message = f"warranty {unit.id} ended because {why}; report its sale anew"
        raise reject("unit_returned", message)
    if change == "reinstate" and unit.status == COVERED:
        raise reject("already_covered", f"warranty {unit.id} is covered")
    if change == "extend":
        _check_extension(unit, until)


def _check_extension(unit: Unit, until: date | None) -> None:
    if unit.status == ENDED:
        raise reject("already_ended", f"warranty {unit.id} has ended; reinstate it first")
    if until is None or until <= unit.ends_on:
        message = f"name a last day after {unit.ends_on}, when warranty {unit.id} ends anyway"
        raise reject("no_extension", message)


def change_unit(  # noqa: PLR0913, PLR0917 - what a decision by hand consists of
    draft: Draft, unit: Unit, change: str, decided: DecidedBy, day: date, until: date | None = None
) -> Unit:
    """Do it, keep who decided it and why, and tell the world."""
    before = unit
    if change == "end":
        unit = replace(unit, status=ENDED, ended_on=max(day, unit.starts_on))
    elif change == "reinstate":
        unit = replace(unit, status=COVERED, ended_on=None)
    elif until is not None:
        unit = replace(unit, ends_on=until, extended_until=until)
    note = Decided(
        change,
        day,
        decided.by.kind,
        decided.by.id,
        decided.by.role,
        decided.why,
        decided.proposal,
        decided.override,
        until,
    )
    unit = replace(unit, decisions=(*before.decisions, note))
    draft.units[unit.id] = unit
    draft.said.append(Said(_fact(unit, change, decided), unit.id))
    return unit


def _fact(
    unit: Unit, change: str, decided: DecidedBy
) -> WarrantyEnded | WarrantyReinstated | WarrantyExtended:
    if change == "end":
        return WarrantyEnded.model_construct(
            warranty=unit.id,
            ended_on=unit.ended_on or unit.starts_on,
            reason="decided",
            connector="hub",
            order=None,
            serial=unit.serial,
            branch=unit.branch,
            decided=decided,
        )
    model = WarrantyReinstated if change == "reinstate" else WarrantyExtended
    return model.model_construct(
        warranty=unit.id, starts_on=unit.starts_on, ends_on=unit.ends_on, decided=decided
    )
