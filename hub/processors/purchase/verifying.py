"""Holding a registration against its order at the shop, where the merchant's policy asks for it.

The last of the checks: the shop is asked only once everything else is right.
"""

from collections.abc import Iterator
from functools import lru_cache

from hub.domain.errors import RejectedError, reject
from hub.domain.policies.versions import PolicyVersion, policy_in_force
from hub.domain.reports import SALE
from hub.domain.shop_orders import Verification, refusal
from hub.processors.purchase.state import Purchase
from hub.sdk.asking import UnansweredError
from hub.sdk.decision import Decision
from hub.sdk.events import Ask, AskPolicy, AskShop, CustomerRef, Event, Known, Outcome
from schemas.events.registration import RegistrationRequested
from schemas.events.warranty import Refusal
from schemas.policies.shop_verification import ShopVerificationPolicy

NOBODY = CustomerRef("")

_read = lru_cache(maxsize=1024)(ShopVerificationPolicy.model_validate_json)


def asks_shop(event: Event, told: RegistrationRequested) -> Iterator[Ask]:
    """Whether the shop is to be asked, and what it said if it was."""
    yield _ask_policy(event.tenant)
    ask = _ask(event, told)
    if ask is not None:
        yield ask


def _ask_policy(tenant: str) -> AskPolicy:
    return AskPolicy(tenant, "shop_verification")


def _ask(event: Event, told: RegistrationRequested) -> AskShop | None:
    """The question to the shop; None where the registration does not say enough."""
    code = told.product.code if told.product else None
    email = (event.customer or NOBODY).email_hash
    if told.order is None or code is None or email is None:
        return None
    return AskShop(event.tenant, event.connector, event.id, told.order, code, email)


def _in_force(event: Event, known: Known) -> PolicyVersion | None:
    """When it was handed in: whoever registers says himself when that was, and would choose his policy."""
    return policy_in_force(known.policies(_ask_policy(event.tenant)), event.received_at)


def verification(event: Event, told: RegistrationRequested, known: Known) -> Verification | None:
    """That the shop confirms a registration; None where it does not, or was not asked."""
    force, ask = _in_force(event, known), _ask(event, told)
    answer = known.shop(ask) if force is not None and ask is not None else None
    if force is None or ask is None or answer is None or refusal(answer) is not None:
        return None
    return Verification(
        event.id, force.name, force.number, event.received_at, ask.order, ask.product, answer
    )


def check_verified(
    decision: Decision[Purchase], event: Event, told: RegistrationRequested, known: Known
) -> Decision[Purchase]:
    """The decision, unless the shop has to confirm the registration and does not.

    Raises:
        RejectedError: it does not, or the registration does not say enough to ask it.
        UnansweredError: it was not asked yet.

    """
    force = _in_force(event, known)
    if force is None or decision.outcome is not Outcome.APPLIED:
        return decision
    policy = _read(force.document)
    if policy.applies_to == "unsold" and _is_sold(decision, event):
        return decision
    ask = _ask(event, told)
    if ask is None:
        raise RejectedError(list(_lacking(event, told, force)))
    answer = known.shop(ask)
    if answer is None:
        raise UnansweredError(ask, policy.source)
    wrong = refusal(answer)
    if wrong is not None:
        code, what = wrong
        asked = f"asked by version {force.number} of {force.name}"
        raise reject(code, f"{what} (source {answer.source}, {asked})")
    return decision


def _is_sold(decision: Decision[Purchase], event: Event) -> bool:
    """Whether the unit that this registration would join was reported as sold."""
    units = decision.state.units.values()
    mine = (one for one in units if any(report.event == event.id for report in one.reports))
    return any(report.by == SALE for unit in mine for report in unit.reports)


def _lacking(event: Event, told: RegistrationRequested, force: PolicyVersion) -> Iterator[Refusal]:
    """Whatever is missing to ask the shop, all of it at once."""
    there = {
        "order": told.order,
        "product code": told.product.code if told.product else None,
        "email": (event.customer or NOBODY).email_hash,
    }
    for name, given in there.items():
        if given is None:
            why = f"version {force.number} of {force.name} asks the shop for it"
            yield Refusal(code="field_missing", message=f"{name} is required here: {why}; send it")
