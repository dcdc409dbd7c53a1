"""What a list of warranties may be narrowed by."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.api.bodies import VISIBLE, Day

MAX_LIMIT = 200

Word = Annotated[str, Field(min_length=1, max_length=200, pattern=VISIBLE)]


class Filters(BaseModel):
    """All of them have to fit; without any, all warranties."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    serial: Annotated[str, Field(min_length=1, max_length=128, pattern=VISIBLE)] | None = None
    """In any spelling: case and blanks do not count, leading zeros do."""
    order: Word | None = None
    """An order reference; with `namespace` where several count alike."""
    namespace: Word | None = None
    """Who numbers the order."""
    product: Word | None = None
    """A product's code."""
    branch: Word | None = None
    status: Literal["covered", "ended"] | None = None
    customer: Annotated[str, Field(pattern="^cus_[a-z2-7]{16}$")] | None = None
    """A customer's reference, as warranties show it."""
    active_on: Day | None = None
    """Only what is covered on that day."""
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50
    cursor: Annotated[str, Field(pattern="^[a-z2-7]{16}_[0-9]{1,9}$")] | None = None
    """From the page before; the filters stay the same."""
