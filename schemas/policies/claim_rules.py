"""What the hub decides of a claim by itself. In force: the version of the moment it was submitted."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.events.claim import Denial, Kind
from schemas.policies.parts import Code, Label, Limit, Policy, Strict, wrong_at


class When(Strict):
    """All that is named has to fit; what is left out fits always."""

    cover: (
        Annotated[
            tuple[Literal["covered", "not_begun", "expired", "returned", "ended"], ...],
            Field(min_length=1, max_length=5),
        ]
        | None
    ) = None
    """How the unit stood on the day of the incident."""
    owned: (
        Annotated[
            tuple[Literal["owner", "former_owner", "stranger", "unsaid"], ...],
            Field(min_length=1, max_length=4),
        ]
        | None
    ) = None
    """What whoever claims was to the unit on that day; `unsaid` where nobody is named."""
    issues: Annotated[tuple[Code, ...], Field(min_length=1, max_length=200)] | None = None
    products: Annotated[tuple[Label, ...], Field(min_length=1, max_length=1000)] | None = None
    categories: Annotated[tuple[Label, ...], Field(min_length=1, max_length=200)] | None = None
    preferred: Annotated[tuple[Kind, ...], Field(min_length=1, max_length=5)] | None = None
    """What the customer would like."""
    value_up_to: Limit | None = None
    """The price of the unit; one whose price is not known does not fit."""
    evidence_complete: bool | None = None
    earlier_claims_at_least: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Claims of the same unit before this one."""
    days_covered_up_to: Annotated[int, Field(ge=0, le=40_000)] | None = None
    """Days from the first covered one to the incident."""


class ClaimRule(Strict):
    """When it fits, the claim is approved, denied, or left to people whatever later rules say."""

    code: Code
    when: When
    then: Literal["approve", "deny", "review"]
    resolutions: Annotated[tuple[Kind, ...], Field(max_length=5)] = ()
    """What an approval leads to."""
    reason: Denial | None = None
    """Why it is denied: what the customer reads follows from it."""


class ClaimRulesPolicy(Policy):
    """The first rule that fits decides; where none does, people review. None approves what lacks evidence."""

    rules: Annotated[tuple[ClaimRule, ...], Field(max_length=200)] = ()

    @model_validator(mode="after")
    def _says_what_follows(self) -> Self:
        codes = [rule.code for rule in self.rules]
        for n, rule in enumerate(self.rules):
            at = f"/rules/{n}"
            if rule.code in codes[:n]:
                raise wrong_at(f"{at}/code", f"there is another rule {rule.code!r} before it")
            if (rule.then == "approve") != bool(rule.resolutions):
                message = "a rule that approves names its resolutions, and no other does"
                raise wrong_at(f"{at}/resolutions", message)
            if len(set(rule.resolutions)) < len(rule.resolutions):
                raise wrong_at(f"{at}/resolutions", "name each resolution once")
            if (rule.then == "deny") != (rule.reason is not None):
                message = "a rule that denies names its reason, and no other does"
                raise wrong_at(f"{at}/reason", message)
        return self
