"""The pieces that policies share. They are written by people, so what is not understood is refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from schemas.base import PRINTABLE

Locale = Literal["en", "de", "tr", "pl"]
StaffRole = Literal[
    "owner", "warranty_manager", "finance_user", "sales_staff", "system_admin", "integration"
]
"""Who may be named in a policy; `integration` is a system of the merchant's by its key."""
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
"""A short name that other documents refer to."""
Label = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=PRINTABLE)
]
"""A product code or category as the merchant writes it."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
Months = Annotated[int, Field(ge=1, le=1200)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Strict(BaseModel):
    """A piece of a policy: no unknown field, no value that only looks like what is expected."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


class Policy(Strict):
    """A whole document."""


class Texts(Strict):
    """One text in each language that customers are spoken to in; English always stands."""

    en: Text
    de: Text | None = None
    tr: Text | None = None
    pl: Text | None = None

    def in_locale(self, locale: Locale) -> str:
        """The text in that language, else in English."""
        text: str | None = getattr(self, locale)
        return text or self.en


class Limit(Strict):
    """An amount in minor units: 5000 is 50.00 EUR."""

    amount: Annotated[int, Field(ge=0, le=10**15)]
    currency: Currency


def wrong_at(pointer: str, message: str) -> PydanticCustomError:
    """What a rule over a whole document finds wrong, with the place in it."""
    return PydanticCustomError("wrong_at", "{message}", {"pointer": pointer, "message": message})
