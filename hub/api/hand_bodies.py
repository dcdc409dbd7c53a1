"""What is posted of decisions by hand."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.api.bodies import STRICT, VISIBLE, Day, MoneyBody
from hub.api.policy_bodies import Query, Why
from schemas.events.decided import LEAST_REASON

Reason = Annotated[str, Field(min_length=LEAST_REASON, max_length=1000, pattern=VISIBLE)]


class StatusChange(BaseModel):
    """A warranty is to end, or to be reinstated after it was ended by hand."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={"examples": [{"change": "end", "why": "the customer gave it up"}]},
    )

    change: Literal["end", "reinstate"]
    why: Why


class Settlement(BaseModel):
    """Why a proposal is approved or declined."""

    model_config = ConfigDict(
        **STRICT, json_schema_extra={"examples": [{"why": "spoke with the customer"}]}
    )

    why: Why


class Override(BaseModel):
    """Goodwill against the rule, within the caller's allowance of this month."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [
                {
                    "change": "extend",
                    "until": "2029-01-31",
                    "amount": {"amount": 4900, "currency": "EUR"},
                    "why": "a repair took three months",
                }
            ]
        },
    )

    change: Literal["extend", "reinstate"]
    until: Day | None = None
    """The last covered day of an extension."""
    amount: MoneyBody
    """What it may cost."""
    why: Reason


class ProposalFilters(Query):
    """Which proposals."""

    state: Literal["pending", "approved", "declined"] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(pattern="^[a-z2-7]{16}_[0-9]{1,9}$")] | None = None


class CustomerMergeBody(BaseModel):
    """Two customers are one person."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [{"into": "cus_q5xi4o4sijxnpjh7", "why": "both are hers, she says"}]
        },
    )

    into: Annotated[str, Field(pattern="^cus_[a-z2-7]{16}$")]
    """Who stays."""
    why: Why
