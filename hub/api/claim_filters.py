"""What a list of claims may be narrowed by."""

from typing import Annotated

from pydantic import Field

from hub.api.bodies import At
from hub.api.claim_bodies import Issue, WarrantyId
from hub.api.filters import MAX_LIMIT, Word
from hub.api.policy_bodies import Query
from schemas.events.claim import State


class ClaimFilters(Query):
    """All of them have to fit; without any, all claims."""

    state: State | None = None
    open: bool | None = None
    """Whether it is still to be decided."""
    warranty: WarrantyId | None = None
    issue: Issue | None = None
    product: Word | None = None
    """A product's code; else its brand and name as claims show it."""
    branch: Word | None = None
    customer: Annotated[str, Field(pattern="^cus_[a-z2-7]{16}$")] | None = None
    """Who claims, by reference."""
    source: Word | None = None
    """Whose `reference` it is; both or neither."""
    reference: Word | None = None
    code: Annotated[str, Field(pattern="^[a-z][a-z_]{0,62}$")] | None = None
    """What keeps it waiting or is missing, such as `evidence_missing` or `photos`."""
    filed_from: At | None = None
    """Filed then or later; without a `code`, claims then come in the order in which they were filed."""
    filed_to: At | None = None
    """Filed before that."""
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50
    cursor: Annotated[str, Field(pattern=r"^(-?[0-9]{1,17}\.)?[a-z2-7]{16}_[0-9]{1,9}$")] | None = (
        None
    )
    """From the page before; the filters stay the same."""

    @property
    def names_whose_reference(self) -> bool:
        """Whether a reference is told with its source, or neither."""
        return (self.source is None) == (self.reference is None)

    @property
    def by_time(self) -> bool:
        """Whether a page is in the order of filing."""
        is_bounded = self.filed_from is not None or self.filed_to is not None
        return is_bounded and self.code is None
