"""What is posted of effects and costs of claims, and by what they are looked for."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.api.bodies import STRICT, MoneyBody, SerialText, Text
from hub.api.claim_bodies import Remark
from hub.api.filters import MAX_LIMIT
from hub.api.policy_bodies import Query
from schemas.events.claim import CostKind, Kind, Reported

EffectState = Literal["waiting", "requested", "acknowledged", "done", "failed"]


class PostedCost(BaseModel):
    """What a claim costs, or below zero, brings back."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [
                {
                    "reference": "INV-881",
                    "kind": "parts",
                    "amount": {"amount": 4900, "currency": "EUR"},
                }
            ]
        },
    )

    reference: Text
    """Your own: under it, the posting counts once."""
    kind: CostKind
    amount: MoneyBody
    corrects: Annotated[str, Field(pattern="^[1-9][0-9]{0,5}$")] | None = None
    """The id of the posting that was wrong; both stay."""
    why: Remark = ""


class EffectOutcome(BaseModel):
    """How far something is that a decision asked for."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={"examples": [{"state": "acknowledged", "reference": "RO-7712"}]},
    )

    state: Reported
    """`received` to `sent_back` are stages of a repair."""
    reference: Text | None = None
    """Yours: an order, a ticket, a credit note."""
    serial: SerialText | None = None
    """Of the unit that replaces the old one."""
    cost: MoneyBody | None = None
    """What it has cost so far, posted to the claim."""
    why: Remark = ""


class EffectFilters(Query):
    """All of them have to fit; without any, all effects."""

    state: EffectState | None = None
    """`waiting`: for stock, before anything is asked of anybody."""
    kind: Kind | None = None
    claim: Annotated[str, Field(pattern="^clm_[a-z2-7]{16}_[0-9]{1,9}$")] | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50
    cursor: Annotated[str, Field(pattern="^[a-z2-7]{16}_[0-9]{1,9}$")] | None = None
    """From the page before; the filters stay the same."""


EFFECT_BODIES = (PostedCost, EffectOutcome)
