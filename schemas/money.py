"""Money as minor units and an ISO 4217 code, so that no amount is ever a float."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Part


class Money(Part):
    """`amount` counts minor units (1999 is 19.99 EUR; 1999 is 1999 JPY)."""

    amount: int = Field(ge=-(10**15), le=10**15)
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
