"""A person's allowance of overrides in a month: a home of its own, so one writer counts it exactly."""

from msgspec.structs import replace

from hub.domain.errors import RejectedError, reject
from hub.domain.policies.versions import policy_in_force
from hub.processors.purchase.answers import Granted
from hub.processors.purchase.claims.dispatching import override
from hub.processors.purchase.deciding import change_unit, check_change
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.hand import allowance_home, ask_override, month_of
from hub.processors.purchase.linking import unit_here
from hub.processors.purchase.state import Allowance, Grant, Purchase, PurchaseRow
from hub.sdk.decision import Decision, Letter
from hub.sdk.events import Event, Known
from schemas.events.decided import (
    OverrideApplied,
    OverrideGranted,
    OverrideRequested,
    OverrideReturned,
)
from schemas.events.parts import DecidedBy
from schemas.policies.override import OverridePolicy
from schemas.refs import derived_id, home_of

GRANTED, APPLIED, RETURNED = "granted", "applied", "returned"


def request(
    purchase: Purchase, event: Event, fact: OverrideRequested, known: Known
) -> Decision[Purchase]:
    """Grant it within the allowance and send it to its warranty, or say what is left."""
    version, policy = _in_force(event, known)
    _check_role(policy, fact)
    row = purchase.row or PurchaseRow(allowance_home(event, fact))
    allowance = row.allowance or Allowance(fact.by.id, month_of(event))
    _check_left(policy, allowance, fact)
    override = derived_id("ovr", event.tenant, event.connector, event.id)
    grant = Grant(override, fact.warranty, fact.amount.amount, fact.amount.currency, GRANTED)
    row = replace(row, allowance=replace(allowance, grants=(*allowance.grants, grant)))
    letter = OverrideGranted(
        override=override,
        asked_by=row.id,
        warranty=fact.warranty,
        change=fact.change,
        until=fact.until,
        claim=fact.claim,
        amount=fact.amount,
        policy_version=version,
        why=fact.why,
        by=fact.by,
    )
    return Decision(
        purchase.changed(row),
        answer=Granted.of(override, fact.warranty, version),
        letters=(Letter(letter, _warranty_home(fact.warranty)),),
    )


def _warranty_home(warranty: str) -> str:
    try:
        return home_of(warranty)
    except ValueError as error:
        raise reject("unknown_warranty", f"{warranty!r} is no warranty") from error


def _in_force(event: Event, known: Known) -> tuple[int, OverridePolicy]:
    found = policy_in_force(known.policies(ask_override(event)), event.time)
    if found is None:
        message = "no policy `override` is in force, so nobody may override a rule; publish one"
        raise reject("override_not_allowed", message)
    return found.number, OverridePolicy.model_validate_json(found.document)


def _check_role(policy: OverridePolicy, fact: OverrideRequested) -> None:
    if fact.by.role not in policy.roles:
        message = f"the policy lets {', '.join(policy.roles)} override, not a {fact.by.role}"
        raise reject("override_not_allowed", message)
    if fact.amount.amount < 0:
        raise reject("override_not_allowed", "an amount is not negative")
    if fact.amount.currency != policy.amount_per_month.currency:
        message = f"the allowance is in {policy.amount_per_month.currency}; say the amount in it"
        raise reject("override_not_allowed", message)


def _check_left(policy: OverridePolicy, allowance: Allowance, fact: OverrideRequested) -> None:
    """Not more often, nor for more, than a month allows."""
    used = [one for one in allowance.grants if one.state != RETURNED]
    if len(used) >= policy.count_per_month:
        message = f"{len(used)} of {policy.count_per_month} overrides of {allowance.month} are used"
        raise reject("override_exhausted", message)
    left = policy.amount_per_month.amount - sum(one.amount for one in used)
    if fact.amount.amount > left:
        message = (
            f"{left} of {policy.amount_per_month.amount} minor units "
            f"{policy.amount_per_month.currency} of {allowance.month} are left"
        )
        raise reject("override_exhausted", message)


def take_grant(purchase: Purchase, event: Event, letter: OverrideGranted) -> Decision[Purchase]:
    """Do it to the warranty and flag it there, or give the allowance back with the reason."""
    try:
        row, unit = unit_here(purchase, letter.warranty)
        if letter.change == "claim":
            return _lift(purchase, event, letter)
        check_change(unit, letter.change, letter.until)
    except RejectedError as error:
        return Decision(purchase, letters=(_returned(letter, error),))
    draft = Draft()
    decided = DecidedBy(by=letter.by, why=letter.why, override=letter.override)
    change_unit(draft, unit, letter.change, decided, event.time.date(), letter.until)
    applied = OverrideApplied(override=letter.override, asked_by=letter.asked_by)
    draft.letters.append(Letter(applied, letter.asked_by))
    return draft.decision(purchase, row)


def _lift(purchase: Purchase, event: Event, letter: OverrideGranted) -> Decision[Purchase]:
    decision = override(purchase, event, letter)
    applied = OverrideApplied(override=letter.override, asked_by=letter.asked_by)
    return replace(decision, letters=(*decision.letters, Letter(applied, letter.asked_by)))


def _returned(letter: OverrideGranted, error: RejectedError) -> Letter:
    reason = error.reasons[0]
    fact = OverrideReturned(
        override=letter.override,
        asked_by=letter.asked_by,
        code=reason.code,
        reason=reason.message,
    )
    return Letter(fact, letter.asked_by)


def answered(purchase: Purchase, letter: OverrideApplied | OverrideReturned) -> Decision[Purchase]:
    """Note what became of a grant; one that had no effect is free again."""
    row = purchase.row
    if row is None or row.allowance is None:
        raise reject("unknown_override", f"nobody granted {letter.override!r} here")
    state, reason = APPLIED, None
    if isinstance(letter, OverrideReturned):
        state, reason = RETURNED, letter.reason
    grants = tuple(
        replace(one, state=state, reason=reason) if one.override == letter.override else one
        for one in row.allowance.grants
    )
    allowance = replace(row.allowance, grants=grants)
    return Decision(purchase.changed(replace(row, allowance=allowance)))
