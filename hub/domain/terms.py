"""On what terms something was sold: what the catalogue said of a product or category, and since when."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from schemas.events.product import CoverPeriod, CoverTerms
from schemas.policies.coverage import CoveragePolicy, Period
from schemas.policies.coverage import Terms as PolicyTerms

MOST = 50
"""So many changes are remembered; the first ones go before the last."""


class Lasting(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """So many months of one kind of cover."""

    months: int
    type: str

    @classmethod
    def of(cls, period: CoverPeriod | Period) -> "Lasting":
        """As rows keep it."""
        return cls(period.months, period.type)


class Terms(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a buyer gets."""

    standard: Lasting
    extended: Lasting | None = None
    transferable: bool = False

    @classmethod
    def of(cls, told: CoverTerms | PolicyTerms) -> "Terms":
        """As rows keep them."""
        extended = Lasting.of(told.extended) if told.extended else None
        return cls(Lasting.of(told.standard), extended, told.transferable)


class Since(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What was said from a moment on; `number` is the version that said so."""

    number: int
    at: datetime
    category: str | None = None
    terms: Terms | None = None


def remembered(history: Sequence[Since], new: Since) -> tuple[Since, ...]:
    """The history with one more change; what changes nothing is none."""
    if history and (history[-1].category, history[-1].terms) == (new.category, new.terms):
        return tuple(history)
    return (*history, new)[-MOST:]


def said_at(history: Sequence[Since], at: datetime) -> Since | None:
    """What was said at a moment; before anything was, what was said first.

    Catalogues come after the sales they describe as often as before, and a product has hardly
    changed its category in between.
    """
    return next((one for one in reversed(history) if one.at <= at), history[0] if history else None)


class Of(msgspec.Struct, frozen=True, gc=False):
    """A product or category as the catalogue has it, and what was said of it at the moment."""

    code: str
    said: Since | None = None


class Rule(msgspec.Struct, frozen=True, gc=False):
    """By which version of what a period was decided, and how long it is."""

    by: str
    """`coverage` where the policy says so, else `product` or `category`."""
    version: int
    rule: str
    """The part of it that fitted, such as `by_product/drill`."""
    terms: Terms


def rule_of(
    policy: tuple[int, CoveragePolicy] | None, product: Of | None, category: Of | None
) -> Rule | None:
    """Whose period counts: the product's, else its category's, else the policy's default.

    Of product and category alike, the policy counts before the catalogue: it is published with a
    beginning and a reason, and a catalogue is what a feed says. None: the merchant's default.
    """
    if policy is not None:
        number, document = policy
        rule, terms = document.terms(
            product.code if product else None, category.code if category else None
        )
        ruled = Rule("coverage", number, rule, Terms.of(terms))
        if rule.startswith("by_product/"):
            return ruled
        own = _own("product", product)
        if own is None and not rule.startswith("by_category/"):
            own = _own("category", category)
        return own or ruled
    return _own("product", product) or _own("category", category)


def _own(kind: str, of: Of | None) -> Rule | None:
    if of is None or of.said is None or of.said.terms is None:
        return None
    return Rule(kind, of.said.number, f"{kind}/{of.code}", of.said.terms)
