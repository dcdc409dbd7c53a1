"""A transfer: a unit has a new owner where its policy lets cover go on; its dates stay."""

from msgspec.structs import replace

from hub.domain.claims.life import OPEN
from hub.domain.coverage import day_of
from hub.domain.errors import RejectedError, reject
from hub.domain.moments import check_moment
from hub.domain.owners import Transfer, owner
from hub.domain.policies.versions import beginning_of
from hub.domain.reports import SALE, in_force
from hub.processors.purchase.answers import Transferred
from hub.processors.purchase.cover import terms_at
from hub.processors.purchase.customers import whose
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.linking import unit_here
from hub.processors.purchase.state import ENDED, Purchase, Unit
from hub.processors.purchase.units import with_reports
from hub.sdk.decision import Decision, Said
from hub.sdk.events import Event, Known, Outcome
from schemas.events.unit import OwnershipTransferred
from schemas.events.warranty import WarrantyTransferred

MOST_TRANSFERS = 100
"""So often a unit may change hands: its row remembers each."""


def transfer(
    purchase: Purchase, event: Event, told: OwnershipTransferred, known: Known
) -> Decision[Purchase]:
    """End one ownership and begin the next.

    Raises:
        RejectedError: its policy does not let cover go on, or it is not theirs to give.

    """
    row, unit = unit_here(purchase, told.warranty)
    check_moment("transferred", told.transferred_at, event.received_at)
    made = _made(event, told, known)
    answer = Transferred.of(unit.id, made)
    before = _before(unit, made)
    if before is not None:
        if (before.at, before.customer) != (made.at, made.customer):
            raise _differs(told)
        return Decision(purchase, Outcome.DEDUPLICATED, answer)
    _check_unit(unit, made)
    _check_claims(purchase, unit)
    had = owner(in_force(unit.reports).customer, unit.transfers, told.transferred_at)
    if told.given_by is not None and told.given_by != had:
        message = f"given_by names nobody who owned {unit.id} then; read who does, then ask again"
        raise reject("owner_differs", message)
    made = replace(made, version=_allowed(event, told, unit, known))
    if had == made.customer:
        return Decision(purchase, Outcome.DEDUPLICATED, answer)
    changed = with_reports(replace(unit, transfers=(*unit.transfers, made)), unit.reports)
    draft = Draft(units={unit.id: changed}, said=[Said(_fact(changed, made), unit.id)])
    return draft.decision(purchase, row, answer)


def _made(event: Event, told: OwnershipTransferred, known: Known) -> Transfer:
    customer = whose(event, known).customer
    if customer is None:
        raise reject("owner_missing", "name the new owner: an e-mail address, phone or name")
    return Transfer(
        told.transferred_at,
        day_of(told.transferred_at, told.zone),
        event.connector,
        told.reference,
        customer,
        event.id,
        0,
    )


def _before(unit: Unit, made: Transfer) -> Transfer | None:
    about = (made.connector, made.reference)
    return next((one for one in unit.transfers if (one.connector, one.reference) == about), None)


def _differs(told: OwnershipTransferred) -> RejectedError:
    return reject(
        "transfer_differs",
        f"transfer {told.reference!r} was told before with another day or owner; "
        "send what happened since under another reference",
    )


def _check_unit(unit: Unit, made: Transfer) -> None:
    if unit.status == ENDED:
        came_back = bool(unit.returned_by) or unit.withdrawn
        message = f"cover of {unit.id} has ended, so there is none to go on"
        raise reject("unit_returned" if came_back else "already_ended", message)
    if made.day < unit.starts_on:
        message = f"transferred on {made.day} but sold on {unit.starts_on}; correct the day"
        raise reject("transferred_before_sale", message)
    if len(unit.transfers) >= MOST_TRANSFERS:
        raise reject("too_many_transfers", f"{unit.id} changed hands {MOST_TRANSFERS} times")


def _check_claims(purchase: Purchase, unit: Unit) -> None:
    mine = (one for one in purchase.claims.values() if one.warranty == unit.id)
    pending = next((one for one in mine if one.state in OPEN), None)
    if pending is not None:
        message = f"claim {pending.id} on it is open; have it decided or withdrawn first"
        raise reject("claim_open", message)


def _allowed(event: Event, told: OwnershipTransferred, unit: Unit, known: Known) -> int:
    """The version of the policy, as it was when the unit was sold, that lets cover go on."""
    sold = [report for report in unit.reports if report.by == SALE] or list(unit.reports)
    asked = (one.at for one in unit.rulings if one.event in {report.event for report in sold})
    at = min(asked, default=beginning_of(unit.starts_on, told.zone))
    version, terms = terms_at(event.tenant, unit.product, at, known)
    if terms is None or not terms.transferable:
        raise reject(
            "not_transferable",
            f"cover of {unit.id} ends with its owner: "
            + (f"version {version} of coverage" if version else "no coverage policy")
            + " lets it go on",
        )
    return version


def _fact(unit: Unit, made: Transfer) -> WarrantyTransferred:
    return WarrantyTransferred.model_construct(
        warranty=unit.id,
        transferred_on=made.day,
        starts_on=unit.starts_on,
        ends_on=unit.ends_on,
        connector=made.connector,
        reference=made.reference,
        customer=made.customer,
        policy_version=made.version,
        serial=unit.serial,
        branch=unit.branch,
    )
