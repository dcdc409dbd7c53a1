"""What is asked and answered of cover on a day."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from hub.api.bodies import VISIBLE, Day
from hub.api.documents import Document
from hub.api.filters import Word
from hub.api.policy_bodies import Query
from schemas.policies.parts import Locale


class Asked(Query):
    """Whose cover, and when."""

    serial: Annotated[str, Field(min_length=1, max_length=128, pattern=VISIBLE)]
    """In any spelling: case and blanks do not count, leading zeros do."""
    product: Word | None = None
    """A product's code, where several products may have the serial."""
    on: Day
    """A day of the merchant's calendar, like 2026-01-31."""
    locale: Locale = "en"
    """The language of the sentences."""


class CoveragePolicyUsed(Document):
    """Which version of the merchant's policy decided how long it is covered."""

    name: str
    version: int
    rule: str
    """The part of the document that fitted, such as `by_product/drill`."""
    period: Literal["standard", "extended"]
    """`extended` is what an owner who registers gets."""
    type: str
    """Of the cover: full replacement, repair, or limited."""


class CoveredUnit(Document):
    """How one unit stands on that day."""

    warranty: Annotated[str, Field(pattern="^wty_[a-z2-7]{16}_[0-9]+$")]
    product: str
    """Its code; else brand and name."""
    covered: bool
    reason: Literal["covered", "not_begun", "expired", "returned", "ended"]
    starts_on: date
    ends_on: date
    """The last covered day, unless `ended_on` comes before it."""
    ended_on: date | None
    """The first day that is no longer covered, where it came back or was ended."""
    owner: str | None
    """The reference of whose it is on that day; null where nobody's is known, or you may not know."""
    basis: Literal["policy", "report", "override"]
    """`report`: the period was sold with it, or is the merchant's default."""
    policy: CoveragePolicyUsed | None
    override: str | None
    """By which override it is covered on that day, where no rule covers it any more."""
    sentence: str
    """For a customer, in the language that was asked for."""


class CoverageOnDay(Document):
    """Whether what has that serial is covered on that day: the past as it is known now."""

    serial: str
    on: date
    covered: bool
    """Whether any of the units is."""
    sentence: str
    units: list[CoveredUnit]
    """One for each product that has the serial."""
