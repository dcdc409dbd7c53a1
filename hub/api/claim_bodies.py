"""What is posted of claims: filed, added to, decided."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.api.bodies import (
    BLANK,
    EXAMPLE,
    STRICT,
    At,
    ContactBody,
    Day,
    MoneyBody,
    SerialText,
    Text,
    ZoneName,
)
from hub.api.hand_bodies import Reason
from hub.api.policy_bodies import Why
from hub.api.proof_bodies import MediaId
from schemas.events.claim import Denial, Kind

_WRITABLE = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
"""Whatever can be written in several lines."""
Written = Annotated[
    str, Field(min_length=1, max_length=5000, pattern=rf"^{_WRITABLE}*[^{BLANK}]{_WRITABLE}*$")
]
Issue = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_.-]{0,62}$")]
WarrantyId = Annotated[str, Field(pattern="^wty_[a-z2-7]{16}_[0-9]{1,9}$")]
Remark = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A reason that need not be given."""
Photos = Annotated[tuple[MediaId, ...], Field(max_length=50)]
Asked = Literal["replacement", "repair", "refund"]
_ONE_UNIT = "name the unit either by `warranty` or by `serial`"
_SOMETHING = "say something: there is nothing in it"

FILED: dict[str, Any] = {
    "warranty": "wty_q5xi4o4sijxnpjh7_1",
    "issue": "power.battery",
    "filed_at": EXAMPLE,
    "zone": "Europe/Istanbul",
    "incident_on": "2026-01-30",
    "preferred": "repair",
    "invoice": "R-2026-00017",
    "description": "It no longer charges.",
}


def _given(name: str) -> dict[str, Any]:
    """That a field has a value, as a schema says it."""
    some = {"minItems": 1} if name == "photos" else {"type": "string"}
    return {"required": [name], "properties": {name: some}}


class ToldClaim(BaseModel):
    """What your system knows of a claim: all of a new one, of one that is known whatever is new."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [FILED],
            "not": {"allOf": [_given("warranty"), _given("serial")]},
        },
    )

    warranty: WarrantyId | None = None
    serial: SerialText | None = None
    """Where you do not know the warranty by its id; that of one unit alone."""
    issue: Issue | None = None
    """A code of the policy `issue_types`, where you have published one. A new claim has one."""
    filed_at: At
    zone: ZoneName
    """The IANA name of the merchant's time zone."""
    incident_on: Day | None = None
    """The day it happened, in that zone: it decides about cover."""
    preferred: Asked | None = None
    """What the customer would like."""
    photos: Photos = ()
    """Files that were sent about the warranty before."""
    invoice: Text | None = None
    """The reference on the invoice or receipt."""
    customer: ContactBody | None = None
    """Who claims, where that is not known from the warranty."""
    description: Written | None = None
    """What happened. Kept apart and sealed, as contacts are."""

    @model_validator(mode="after")
    def _is_of_one_unit(self) -> Self:
        if self.warranty is not None and self.serial is not None:
            raise ValueError(_ONE_UNIT)
        return self


class FiledClaim(ToldClaim):
    """A claim as somebody files it."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [FILED],
            "oneOf": [_given("warranty"), _given("serial")],
        },
    )

    issue: Issue
    """A code of the policy `issue_types`, where you have published one."""
    reference: Text | None = None
    """Your own, under which it can be told again; without one, a unit has one open claim per issue."""

    @model_validator(mode="after")
    def _is_of_a_unit(self) -> Self:
        if self.warranty is None and self.serial is None:
            raise ValueError(_ONE_UNIT)
        return self


class AddedEvidence(BaseModel):
    """Something that a claim lacked."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [{"invoice": "R-2026-00017", "incident_on": "2026-01-30"}],
            "anyOf": [
                _given(name)
                for name in ("photos", "invoice", "serial", "incident_on", "description")
            ],
        },
    )

    photos: Photos = ()
    invoice: Text | None = None
    serial: SerialText | None = None
    """As it stands on the unit."""
    incident_on: Day | None = None
    description: Written | None = None
    """Where there was none."""

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if not any((self.photos, self.invoice, self.serial, self.incident_on, self.description)):
            raise ValueError(_SOMETHING)
        return self


class GivenAnswer(BaseModel):
    """What the customer answers."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [{"text": "Since Monday, and only in the cold."}],
            "anyOf": [_given("text"), _given("photos")],
        },
    )

    text: Written | None = None
    photos: Photos = ()

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if self.text is None and not self.photos:
            raise ValueError(_SOMETHING)
        return self


class TakenClaim(BaseModel):
    """That somebody takes a claim."""

    model_config = ConfigDict(
        **STRICT, json_schema_extra={"examples": [{"why": "the battery is my part"}]}
    )

    why: Remark = ""


class AskedQuestion(BaseModel):
    """What the customer is asked."""

    model_config = ConfigDict(
        **STRICT, json_schema_extra={"examples": [{"text": "Since when does it not charge?"}]}
    )

    text: Written
    notify_customer: bool | None = None
    """False: no mail tells the customer of it; where nothing is said, one does."""


class ClaimNote(BaseModel):
    """What colleagues should know. It never leaves."""

    model_config = ConfigDict(
        **STRICT, json_schema_extra={"examples": [{"text": "The third of this batch."}]}
    )

    text: Written


class WantedResolution(BaseModel):
    """One thing that the claim leads to, and what it may cost."""

    model_config = STRICT

    kind: Kind
    amount: MoneyBody | None = None
    """Of a refund, what is paid back: the price of the unit at most. Of others, what is expected."""


class GivenApproval(BaseModel):
    """What is granted, and why."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [{"resolutions": [{"kind": "replacement"}], "why": "the battery is faulty"}]
        },
    )

    resolutions: Annotated[tuple[WantedResolution, ...], Field(min_length=1, max_length=10)]
    partial: bool = False
    """Less than was asked for; `why` says what is left out."""
    why: Why
    notify_customer: bool | None = None
    """False: no mail tells the customer of it; where nothing is said, one does."""


class GivenDenial(BaseModel):
    """Why nothing is granted."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [{"reason": "customer_damage", "why": "the housing is broken"}]
        },
    )

    reason: Denial
    """What the customer reads follows from it."""
    why: Why
    """For colleagues."""
    notify_customer: bool | None = None
    """False: no mail tells the customer of it; where nothing is said, one does."""


class ClaimOverride(BaseModel):
    """That a claim may be decided whatever blocks it, within the caller's allowance of this month."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [
                {
                    "amount": {"amount": 4900, "currency": "EUR"},
                    "why": "a customer of twenty years",
                }
            ]
        },
    )

    amount: MoneyBody
    """What it may cost."""
    why: Reason


CLAIM_BODIES = (
    *(ToldClaim, FiledClaim, AddedEvidence, GivenAnswer, TakenClaim, AskedQuestion, ClaimNote),
    *(GivenApproval, GivenDenial, ClaimOverride),
)
