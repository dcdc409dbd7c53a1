"""What a merchant's policies ask of a registration and of a serial that somebody names."""

from datetime import datetime
from functools import lru_cache

from hub.domain.errors import RejectedError, reject
from hub.domain.policies.versions import PolicyVersion, policy_in_force
from hub.sdk.events import AskPolicy, CustomerRef, Event, Known
from schemas.events.registration import RegistrationRequested
from schemas.events.warranty import Refusal
from schemas.policies.required_fields import RequiredFieldsPolicy
from schemas.policies.serial_rules import SerialRulesPolicy

NOBODY = CustomerRef("")

_fields = lru_cache(maxsize=1024)(RequiredFieldsPolicy.model_validate_json)
_rules = lru_cache(maxsize=1024)(SerialRulesPolicy.model_validate_json)


def ask_fields(tenant: str) -> AskPolicy:
    """Which fields a registration has to have."""
    return AskPolicy(tenant, "required_fields")


def ask_rules(tenant: str) -> AskPolicy:
    """What serials look like."""
    return AskPolicy(tenant, "serial_rules")


def check_fields(event: Event, told: RegistrationRequested, known: Known) -> None:
    """Refuse a registration that lacks what its merchant requires, with every field it lacks."""
    force = policy_in_force(known.policies(ask_fields(event.tenant)), told.registered_at)
    if force is None:
        return
    there = _given(told, event.customer or NOBODY)
    reasons = [
        _lacking(name, force) for name in _fields(force.document).registration if not there[name]
    ]
    if reasons:
        raise RejectedError(reasons)


def _given(told: RegistrationRequested, customer: CustomerRef) -> dict[str, bool]:
    return {
        "serial": told.serial is not None,
        "product": bool(told.product and told.product.key),
        "purchased_on": told.purchased_on is not None,
        "branch": told.branch is not None,
        "email": customer.email_hash is not None,
        "phone": customer.phone_hash is not None,
        "name": customer.named,
    }


def _lacking(name: str, force: PolicyVersion) -> Refusal:
    message = f"{name} is required here by version {force.number} of {force.name}; send it"
    return Refusal(code="field_missing", message=message)


def check_serial(  # noqa: PLR0913, PLR0917 - a serial, what it is of, and when
    event: Event,
    serial: str,
    product: str | None,
    at: datetime,
    known: Known,
    category: str | None = None,
) -> SerialRulesPolicy | None:
    """Refuse a serial that no unit of that product can have; else the rules in force.

    Tills are not asked: what was scanned and sold stands as it was scanned. The reason does not
    repeat it, as what is no serial may be somebody's name in the wrong place.
    """
    force = policy_in_force(known.policies(ask_rules(event.tenant)), at)
    if force is None:
        return None
    rules = _rules(force.document)
    if not rules.allows(serial, product, category):
        of = f" of {product!r}" if product else ""
        raise reject(
            "serial_malformed",
            f"this does not look like a serial{of} by version {force.number} of {force.name}; "
            "copy it from the label, letter by letter",
        )
    return rules
