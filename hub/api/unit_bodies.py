"""What is posted of one unit whose cover has begun."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hub.api.bodies import STRICT, At, ContactBody, SerialText, Text, ZoneName


class NewSerial(BaseModel):
    """The serial of a unit that was sold without one."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [{"serial": "0042-A", "attached_at": "2026-02-03T10:00:00+03:00"}]
        },
    )

    serial: SerialText
    """Kept as given, leading zeros and all: always a string."""
    attached_at: At


class NewOwner(BaseModel):
    """Whose a unit is from now on."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [
                {
                    "reference": "app-9001",
                    "transferred_at": "2026-05-01T12:00:00+03:00",
                    "zone": "Europe/Istanbul",
                    "customer": {"email": "zeynep@example.com"},
                }
            ]
        },
    )

    reference: Text
    """Your own reference of this transfer."""
    transferred_at: At
    zone: ZoneName
    """The IANA name of the merchant's time zone."""
    customer: ContactBody
    """The new owner."""
    given_by: Annotated[str, Field(pattern="^cus_[a-z2-7]{16}$")] | None = None
    """The reference of whoever gives it away; of another, nothing is transferred."""
