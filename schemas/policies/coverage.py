"""How long and how a product is covered. In force: the version of the moment of sale."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.policies.parts import Label, Months, Policy, Strict


class Period(Strict):
    """So many months of one kind of cover."""

    months: Months
    type: Literal["full_replacement", "repair", "limited"]


class Terms(Strict):
    """What a buyer gets."""

    standard: Period
    extended: Period | None = None
    """What it is extended to once its owner registers, counted from the day of sale, too."""
    transferable: bool = False
    """Whether cover goes on when the unit changes hands."""


class CoveragePolicy(Policy):
    """Cover by product, else by category, else by default."""

    default: Terms
    by_category: Annotated[dict[Label, Terms], Field(default_factory=dict, max_length=1000)]
    by_product: Annotated[dict[Label, Terms], Field(default_factory=dict, max_length=1000)]

    def terms(self, product: str | None, category: str | None = None) -> tuple[str, Terms]:
        """The terms of a product, and by which part of the document."""
        if product is not None and product in self.by_product:
            return f"by_product/{product}", self.by_product[product]
        if category is not None and category in self.by_category:
            return f"by_category/{category}", self.by_category[category]
        return "default", self.default
