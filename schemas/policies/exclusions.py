"""What is not covered and how long things take: what a customer is told first."""

from typing import Annotated

from pydantic import Field

from schemas.policies.parts import Code, Policy, Strict, Texts

Days = Annotated[int, Field(ge=0, le=365)]


class Exclusion(Strict):
    """Something that is not covered."""

    code: Code
    text: Texts


class ExpectedTime(Strict):
    """How many days something usually takes, at the least and at the most."""

    code: Code
    at_least: Days = 0
    at_most: Days
    text: Texts


class ExclusionsPolicy(Policy):
    """Never hidden: every plain text of a policy begins with these."""

    exclusions: Annotated[tuple[Exclusion, ...], Field(min_length=1, max_length=200)]
    expected_times: Annotated[tuple[ExpectedTime, ...], Field(min_length=1, max_length=50)]
