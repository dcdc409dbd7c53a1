"""How long a product is covered: at once, and once its owner has registered it."""

from datetime import date
from typing import NamedTuple

from hub.domain.coverage import add_months
from hub.domain.terms import Lasting, Terms
from schemas.policies.coverage import CoveragePolicy


class Granted(NamedTuple):
    """A period and its last covered day."""

    months: int
    type: str
    ends_on: date


class Periods(NamedTuple):
    """What a policy grants of a product from a day on."""

    rule: str
    """The part of the document that fitted."""
    standard: Granted
    extended: Granted | None
    """None where registering brings nothing longer."""

    @property
    def registered(self) -> tuple[str, Granted]:
        """What an owner has who registers a unit of which no sale is known, and by which part."""
        if self.extended is None:
            return self.rule, self.standard
        return f"{self.rule}/extended", self.extended


def periods(
    policy: CoveragePolicy, day: date, product: str | None, category: str | None = None
) -> Periods:
    """Both periods of a product; the one source of either, whoever asks."""
    rule, terms = policy.terms(product, category)
    return periods_of(rule, Terms.of(terms), day)


def periods_of(rule: str, terms: Terms, day: date) -> Periods:
    """Both periods of these terms, whoever laid them down."""
    standard = _granted(terms.standard, day)
    longer = terms.extended
    if longer is None or longer.months <= terms.standard.months:
        return Periods(rule, standard, None)
    return Periods(rule, standard, _granted(longer, day))


def _granted(period: Lasting, day: date) -> Granted:
    return Granted(period.months, period.type, add_months(day, period.months))
