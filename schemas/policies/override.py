"""Who may decide against a rule, and how much of it in a month. In force: at the decision."""

from typing import Annotated

from pydantic import Field

from schemas.policies.parts import Limit, Policy, StaffRole


class OverridePolicy(Policy):
    """The allowance of each person, anew with every calendar month in UTC."""

    roles: Annotated[tuple[StaffRole, ...], Field(min_length=1, max_length=6)]
    count_per_month: Annotated[int, Field(ge=0, le=10_000)]
    amount_per_month: Limit
