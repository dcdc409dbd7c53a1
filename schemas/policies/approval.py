"""Who may approve up to what amount. In force: the version of the moment of decision."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.policies.parts import Limit, Policy, StaffRole, Strict


class RoleLimit(Strict):
    """Up to what amount a role approves alone."""

    role: StaffRole
    up_to: Limit


class ApprovalPolicy(Policy):
    """A role without a limit in a currency approves nothing in it."""

    limits: Annotated[tuple[RoleLimit, ...], Field(min_length=1, max_length=100)]
    four_eyes_above: Annotated[tuple[Limit, ...], Field(max_length=20)] = ()
    """Above it, two people approve, whatever their roles."""

    @model_validator(mode="after")
    def _one_for_each(self) -> Self:
        roles = [(one.role, one.up_to.currency) for one in self.limits]
        if len(set(roles)) < len(roles):
            raise ValueError("a role has one limit in each currency; leave the others out")
        currencies = [one.currency for one in self.four_eyes_above]
        if len(set(currencies)) < len(currencies):
            raise ValueError("there is one amount for four eyes in each currency")
        return self
