"""What rules look at of a claim, gathered from its home and from what was looked up."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache, partial
from typing import TypeVar, cast

from hub.domain.as_of import History, standing
from hub.domain.claims.record import Piece
from hub.domain.claims.weighing import Inputs, Invoice, Movement, Owned, Policies
from hub.domain.coverage import day_of
from hub.domain.customers import INTO
from hub.domain.owners import owner
from hub.domain.policies.versions import policy_in_force
from hub.domain.reports import SALE, in_force
from hub.domain.serials import normalise
from hub.processors.catalog.state import MOVEMENTS, MovementRow, ProductRow
from hub.processors.purchase.claim_rows import Claim
from hub.processors.purchase.claims.asking import (
    ask_moved,
    ask_policy,
    ask_product,
    asks_thing,
    owners_of,
)
from hub.processors.purchase.customers import ask_traits, traits
from hub.processors.purchase.proofs import ACCEPTED, OFFERED
from hub.processors.purchase.proving import references
from hub.processors.purchase.state import Purchase, Unit
from hub.sdk.events import AskRow, Event, Known
from schemas.policies.approval import ApprovalPolicy
from schemas.policies.claim_rules import ClaimRulesPolicy
from schemas.policies.evidence import EvidencePolicy
from schemas.policies.issue_types import IssueTypesPolicy
from schemas.policies.parts import Policy
from schemas.policies.required_fields import RequiredFieldsPolicy
from schemas.policies.stock import StockPolicy

P = TypeVar("P", bound=Policy)


@lru_cache(maxsize=1024)
def _read(model: type[P], document: str) -> P:
    return model.model_validate_json(document)


def in_force_of(
    event: Event, known: Known, name: str, model: type[P], at: datetime
) -> tuple[int, P] | None:
    """The version of a policy that counts at a moment, with its number."""
    found = policy_in_force(known.policies(ask_policy(event.tenant, name)), at)
    return None if found is None else (found.number, _read(model, found.document))


def policies_of(event: Event, known: Known, at: datetime) -> Policies:
    """What a claim that was filed at that moment is weighed by."""
    return Policies(
        in_force_of(event, known, "evidence", EvidencePolicy, at),
        in_force_of(event, known, "stock", StockPolicy, at),
        in_force_of(event, known, "claim_rules", ClaimRulesPolicy, at),
    )


def approval_of(event: Event, known: Known) -> tuple[int, ApprovalPolicy] | None:
    """The limits at the moment of a decision."""
    return in_force_of(event, known, "approval", ApprovalPolicy, event.time)


def issues_of(event: Event, known: Known, at: datetime) -> frozenset[str] | None:
    """The types of issue that there are; None where any may be named."""
    found = in_force_of(event, known, "issue_types", IssueTypesPolicy, at)
    return None if found is None else frozenset(one.code for one in found[1].types)


def fields_of(event: Event, known: Known, at: datetime) -> tuple[int, Sequence[str]] | None:
    """Which fields a claim has to have, and by which version."""
    found = in_force_of(event, known, "required_fields", RequiredFieldsPolicy, at)
    return None if found is None else (found[0], found[1].claim)


def is_looked_up(event: Event, known: Known, unit: Unit) -> bool:
    """Whether everything is there that rules look at: its unit may have changed since that was asked."""
    asks = list(asks_thing(event, known, unit.product, unit.serial_norm))
    return not known.missing(asks)


def product_of(event: Event, known: Known, unit: Unit) -> ProductRow | None:
    """What the catalogue has of its product."""
    return cast("ProductRow | None", known.answers.get(ask_product(event.tenant, unit.product)))


def supplier_of(event: Event, known: Known, unit: Unit) -> str | None:
    """The code of whoever the product comes from."""
    row = product_of(event, known, unit)
    supplier = row.said.get("supplier") if row else None
    return str(supplier["code"]) if supplier else None


def inputs_of(purchase: Purchase, claim: Claim, unit: Unit, event: Event, known: Known) -> Inputs:
    """Everything that decides, as it is known now."""
    filed_on = day_of(claim.filed_at, claim.zone)
    asked_on = claim.incident_on or filed_on
    history = history_of(unit)
    price = price_of(purchase, unit)
    row = product_of(event, known, unit)
    pieces = good(claim)
    return Inputs(
        issue=claim.issue,
        cover=standing(history, asked_on).reason,
        owned=_owned(unit, claim.claimant, asked_on, partial(_read_as, event, known)),
        incident_on=claim.incident_on,
        asked_on=asked_on,
        product=unit.product,
        category=row.category if row else None,
        invoice=_invoice(purchase, unit, pieces),
        photos=sum(piece.kind == "photo" for piece in pieces),
        serial=unit.serial is not None or any(piece.kind == "serial" for piece in pieces),
        description=any(piece.kind == "words" for piece in pieces),
        movement=movement_of(event, known, unit),
        preferred=claim.preferred,
        value=price[0] if price else None,
        currency=price[1] if price else None,
        earlier=sum(_is_earlier(one, claim) for one in purchase.claims.values()),
        days_covered=max((asked_on - unit.starts_on).days, 0),
        override=claim.override is not None,
    )


def good(claim: Claim) -> list[Piece]:
    """The evidence that nobody withdrew."""
    return [piece for piece in claim.pieces if piece.withdrawn_by is None]


def _is_earlier(one: Claim, claim: Claim) -> bool:
    return one.warranty == claim.warranty and one.number < claim.number and one.state != "cancelled"


def history_of(unit: Unit) -> History:
    """What of a unit tells of its past."""
    return History(
        unit.id,
        unit.status,
        unit.product,
        unit.starts_on,
        unit.ends_on,
        unit.reports,
        unit.serial,
        unit.ended_on,
        unit.returned_by,
        unit.rulings,
        unit.decisions,
        unit.extended_until,
        unit.transfers,
    )


def owner_on(unit: Unit, day: date) -> str | None:
    """Who owned it on a day, as far as is known."""
    if not unit.reports:
        return unit.customer
    return owner(in_force(unit.reports).customer, unit.transfers, day)


def _read_as(event: Event, known: Known, customer: str) -> str:
    """Whom a customer counts as, once people said that two are one."""
    if ask_traits(event.tenant, customer) not in known.answers:
        return customer
    return traits(event.tenant, customer, known).get(INTO, customer)


def _owned(unit: Unit, claimant: str | None, day: date, read_as: Callable[[str], str]) -> Owned:
    whose = owner_on(unit, day)
    if claimant is None or whose is None:
        return "unsaid"
    claims = read_as(claimant)
    if claims == read_as(whose):
        return "owner"
    return "former_owner" if claims in map(read_as, owners_of(unit)) else "stranger"


def _invoice(purchase: Purchase, unit: Unit, pieces: Sequence[Piece]) -> Invoice:
    """A sale told by a till shows the purchase, and so does a proof that was accepted."""
    if any(report.by == SALE for report in unit.reports):
        return "accepted"
    proofs = {one.state for one in purchase.proofs.values() if one.warranty == unit.id}
    shown = {normalise(piece.value) for piece in pieces if piece.kind == "invoice"}
    if ACCEPTED in proofs or shown & set(references(unit)):
        return "accepted"
    return "offered" if shown or OFFERED in proofs else "missing"


def price_of(purchase: Purchase, unit: Unit) -> tuple[int, str] | None:
    """What its buyer paid for one of it, where a source of this order told: the lowest of them."""
    told = {(report.connector, report.line) for report in unit.reports if report.by == SALE}
    found = [
        price
        for sale in (purchase.row.sales if purchase.row else ())
        for line, price in zip(sale.lines, sale.prices, strict=False)
        if price is not None and (sale.connector, line.line) in told
    ]
    found += [(one[3], one[4]) for one in unit.prices if (one[0], one[2]) in told]
    return min(found, default=None)


def movement_of(event: Event, known: Known, unit: Unit) -> Movement:
    """Whether its stock shows that it was sold: somewhere else or otherwise is another thing than not at all."""
    if unit.serial_norm is None:
        return "missing"
    holders = known.names(ask_moved(event.tenant, unit.serial_norm))
    rows = [
        known.answers.get(AskRow(MOVEMENTS.table, one.id)) for one in holders if not one.released
    ]
    moves = [row for row in rows if isinstance(row, MovementRow)]
    if not moves:
        return "missing"
    return "matches" if any(_fits(move, unit) for move in moves) else "different"


def _fits(move: MovementRow, unit: Unit) -> bool:
    branch = unit.branch is None or move.branch == unit.branch
    return move.product == unit.product and move.quantity < 0 and branch
