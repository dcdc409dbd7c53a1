"""A claim is filed: a new one, or more of one that its source told of before."""

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from hub.domain.claims.life import OPEN
from hub.domain.coverage import day_of
from hub.domain.errors import RejectedError, reject
from hub.domain.moments import check_moment
from hub.domain.serials import normalise
from hub.processors.purchase.claim_rows import Claim
from hub.processors.purchase.claims.answers import Claimed
from hub.processors.purchase.claims.asking import CLAIM, holders_of, reference_name
from hub.processors.purchase.claims.evidence import Shown, add_pieces
from hub.processors.purchase.claims.gathering import (
    fields_of,
    issues_of,
    owner_on,
    supplier_of,
)
from hub.processors.purchase.claims.moving import begin, source
from hub.processors.purchase.claims.weighing import begun, consider, weighed_new
from hub.processors.purchase.customers import whose
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.names import ask_serial, of_units
from hub.processors.purchase.state import Purchase, PurchaseRow, Unit
from hub.sdk.decision import Decision, NameClaim
from hub.sdk.events import Event, Known, Outcome
from schemas.events.claim import ClaimFiled
from schemas.events.warranty import Refusal
from schemas.refs import home_of

MOST_CLAIMS = 100
"""Of one warranty: more is no trouble with a unit."""


def file(purchase: Purchase, event: Event, fact: ClaimFiled, known: Known) -> Decision[Purchase]:
    """Take a new claim, or what is new of one.

    Raises:
        RejectedError: with what to do instead.

    """
    check_moment("filed", fact.filed_at, event.received_at)
    _check_incident(fact)
    before = _before(purchase, event, fact)
    if before is not None:
        return _update(purchase, before, event, fact, known)
    unit = _unit(purchase, event, fact, known)
    issue = _issue(event, fact, known)
    _check_fields(event, fact, known)
    _check_room(purchase, unit)
    open_one = _open(purchase, unit, issue)
    if open_one is not None and fact.reference is None:
        message = f"claim {open_one.id} of this warranty and issue is open; add to that one"
        raise reject("claim_open", message)
    claim = _claim(purchase, event, fact, unit, issue, known)
    if open_one is not None:
        claim = replace(claim, flags=(f"possible_duplicate:{open_one.id}",))
    return _founded(purchase, claim, unit, event, fact, known)


def _founded(  # noqa: PLR0913, PLR0917 - a claim and everything about it
    purchase: Purchase, claim: Claim, unit: Unit, event: Event, fact: ClaimFiled, known: Known
) -> Decision[Purchase]:
    draft, by = Draft(), source(event)
    claim = add_pieces(claim, _shown(event, fact), by, event)
    claim, weighed = weighed_new(purchase, claim, unit, event, known)
    if fact.reference is not None:
        draft.names.append(NameClaim(CLAIM, reference_name(event, fact), claim.id))
    claim = begin(draft, claim, by, event)
    begun(draft, claim, event)
    if weighed is None or (claim.state == "submitted" and weighed.then != "review"):
        claim = consider(draft, purchase, claim, event, known, by)
    return draft.decision(purchase, _row(purchase), Claimed.of(claim))


def _row(purchase: Purchase) -> PurchaseRow:
    if purchase.row is None:
        raise TypeError("a home without a head has no units")
    return purchase.row


def _before(purchase: Purchase, event: Event, fact: ClaimFiled) -> Claim | None:
    if fact.reference is None:
        return None
    about = (fact.source or event.connector, fact.reference)
    found = (one for one in purchase.claims.values() if (one.source, one.reference) == about)
    return next(found, None)


def _unit(purchase: Purchase, event: Event, fact: ClaimFiled, known: Known) -> Unit:
    """The unit that is meant."""
    if fact.warranty is None and fact.serial is None:
        message = "say which unit: send its warranty, or its serial"
        raise reject("warranty_missing", message)
    warranty = fact.warranty
    if warranty is None:
        warranty = _by_serial(event, fact, known)
    unit = purchase.units.get(warranty)
    if unit is None:
        raise reject("unknown_warranty", f"there is no warranty {warranty!r}; look for its id")
    return unit


def _by_serial(event: Event, fact: ClaimFiled, known: Known) -> str:
    holders = holders_of(event, fact, known)
    if not holders:
        message = "no warranty has this serial; report its sale or register it, then file the claim"
        raise reject("unknown_serial", message)
    if len(holders) > 1:
        message = f"{len(holders)} warranties have this serial; say which by its id"
        raise reject("serial_ambiguous", message)
    return holders[0].id


def _issue(event: Event, fact: ClaimFiled, known: Known) -> str:
    if fact.issue is None:
        raise reject("issue_missing", "say what is wrong: send an issue")
    issues = issues_of(event, known, fact.filed_at)
    if issues is not None and fact.issue not in issues:
        message = f"there is no issue {fact.issue!r}; there are {', '.join(sorted(issues))}"
        raise reject("unknown_issue", message)
    return fact.issue


def _check_fields(event: Event, fact: ClaimFiled, known: Known) -> None:
    """Refuse a claim that lacks what its merchant requires, with every field it lacks."""
    required = fields_of(event, known, fact.filed_at)
    if required is None:
        return
    number, names = required
    who = event.customer
    given = {
        "issue_type": True,
        "description": who is not None and who.spoke,
        "incident_date": fact.incident_on is not None,
        "photos": bool(fact.photos),
        "email": who is not None and who.email_hash is not None,
        "phone": who is not None and who.phone_hash is not None,
    }
    lacks = [name for name in names if not given[name]]
    if lacks:
        message = "is required here by version {} of required_fields; send it"
        about = [
            Refusal(code="field_missing", message=f"{n} {message.format(number)}") for n in lacks
        ]
        raise RejectedError(about)


def _check_incident(fact: ClaimFiled) -> None:
    check_incident(fact.incident_on, day_of(fact.filed_at, fact.zone))


def check_incident(incident: date | None, today: date) -> None:
    """Refuse what has not happened yet.

    Raises:
        RejectedError: the day lies ahead.

    """
    if incident is not None and incident > today:
        message = f"the incident is said to be on {incident}, after {today}; correct the day"
        raise reject("incident_in_future", message)


def _check_room(purchase: Purchase, unit: Unit) -> None:
    mine = sum(one.warranty == unit.id for one in purchase.claims.values())
    if mine >= MOST_CLAIMS:
        message = f"warranty {unit.id} has {MOST_CLAIMS} claims; ask whoever runs this hub"
        raise reject("too_many_claims", message)


def _open(purchase: Purchase, unit: Unit, issue: str) -> Claim | None:
    about = (unit.id, issue)
    mine = (one for one in purchase.claims.values() if (one.warranty, one.issue) == about)
    return next((one for one in mine if one.state in OPEN), None)


def claimant_of(event: Event, known: Known) -> str | None:
    """Whoever is named as claiming; words alone name nobody."""
    who = event.customer
    if who is None or (who.contact is not None and not who.is_somebody):
        return None
    return whose(event, known).customer


def _claim(  # noqa: PLR0913, PLR0917 - what a claim consists of
    purchase: Purchase, event: Event, fact: ClaimFiled, unit: Unit, issue: str, known: Known
) -> Claim:
    number = len(purchase.claims) + 1
    claimant = claimant_of(event, known)
    day = fact.incident_on or day_of(fact.filed_at, fact.zone)
    return Claim(
        id=f"clm_{home_of(unit.id)}_{number}",
        number=number,
        state="submitted",
        warranty=unit.id,
        issue=issue,
        connector=event.connector,
        filed_at=fact.filed_at,
        zone=fact.zone,
        product=unit.product,
        history=(),
        event=event.id,
        source=fact.source or event.connector,
        reference=fact.reference,
        serial_norm=unit.serial_norm,
        branch=unit.branch,
        supplier=supplier_of(event, known, unit),
        customer=claimant or owner_on(unit, day),
        claimant=claimant,
        preferred=fact.preferred,
    )


def _shown(event: Event, fact: ClaimFiled) -> Shown:
    return Shown(
        fact.photos,
        fact.invoice,
        fact.serial if fact.warranty is not None else None,
        fact.incident_on,
        words_of(event),
    )


def words_of(event: Event) -> str | None:
    """Where what was written is kept; only events that speak are asked."""
    who = event.customer
    return who.contact if who is not None and who.spoke else None


def _update(
    purchase: Purchase, claim: Claim, event: Event, fact: ClaimFiled, known: Known
) -> Decision[Purchase]:
    """What is new of a claim; what says nothing new is answered as it stands."""
    for reason in _differences(purchase, claim, event, fact, known):
        raise reason
    by, draft = source(event), Draft()
    new = add_pieces(claim, _shown(event, fact), by, event)
    claimant = claimant_of(event, known)
    new = replace(
        new,
        preferred=fact.preferred or new.preferred,
        claimant=claimant or new.claimant,
        customer=claimant or new.customer,
    )
    if new == claim:
        return Decision(purchase, Outcome.DEDUPLICATED, Claimed.of(claim))
    check_open(claim)
    new = consider(draft, purchase, new, event, known, by)
    return draft.decision(purchase, _row(purchase), Claimed.of(new))


def check_open(claim: Claim) -> None:
    """Refuse to add to what is decided.

    Raises:
        RejectedError: it is.

    """
    if claim.state not in OPEN:
        message = f"claim {claim.id} is {claim.state}; file a new one for what happened since"
        raise reject("already_decided", message)


def _is_of_serial(claim: Claim, event: Event, fact: ClaimFiled, known: Known) -> bool:
    """Whether its unit has or had the serial that is told, whoever has that by now."""
    if fact.serial is None:
        return True
    norm = normalise(fact.serial)
    ever = of_units(known.names(ask_serial(event.tenant, norm)))
    return norm == claim.serial_norm or any(one.id == claim.warranty for one in ever)


def _differences(
    purchase: Purchase, claim: Claim, event: Event, fact: ClaimFiled, known: Known
) -> Iterator[RejectedError]:
    told = f"claim {fact.reference!r} of {claim.source!r}"
    if fact.issue is not None and fact.issue != claim.issue:
        message = f"{told} is about {claim.issue!r}; file another issue under another reference"
        yield reject("claim_differs", message)
    if fact.warranty is not None or not _is_of_serial(claim, event, fact, known):
        named = fact.warranty or _by_serial(event, fact, known)
        if named != claim.warranty and named in purchase.units:
            message = f"{told} is about warranty {claim.warranty}; use another reference"
            yield reject("claim_differs", message)
        if named not in purchase.units:
            message = f"{told} is about warranty {claim.warranty}, which this is not"
            yield reject("claim_differs", message)
