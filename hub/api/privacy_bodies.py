"""What may be asked about people, and what is answered."""

from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, Field

from hub.api.bodies import STRICT
from hub.api.item_bodies import Because


class Whom(BaseModel):
    """By what somebody is known, and why it is asked. The value is kept nowhere readable."""

    model_config = {
        **STRICT,
        "json_schema_extra": {
            "examples": [{"by": "email", "value": "ada@example.org", "reason": "she asked us to"}]
        },
    }

    by: Literal["email", "phone", "customer"]
    value: Annotated[str, Field(min_length=1, max_length=320)]
    """An e-mail address, a phone number as it was reported, or a reference such as cus_…"""
    reason: Because
    """Kept in the audit log for ever, so without a name."""


class TakenIn(msgspec.Struct, frozen=True, kw_only=True):
    """A wish that was taken in."""

    id: str
    """It is carried out within a minute; ask for it under `/v1/privacy/erasures/`."""
