"""What proves a claim. In force: the version of the moment it was submitted."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.policies.parts import Code, Policy, Strict

Proof = Literal["pos_invoice", "photos", "serial", "incident_date", "stock_movement", "description"]


class Evidence(Strict):
    """What has to be there, and what happens while it is not."""

    required: Annotated[tuple[Proof, ...], Field(max_length=6)] = ()
    photos: Annotated[int, Field(ge=1, le=50)] = 1
    """How many, where photos are required."""
    missing: Literal["block", "flag"] = "block"
    """`block`: nothing is approved without it. `flag`: it can be, and says so."""
    expires_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """A claim that still lacks its evidence after so many days is closed."""
    remind_days: Annotated[int, Field(ge=1, le=365)] | None = None
    """While evidence is missing, the customer is reminded every so many days."""


class EvidencePolicy(Policy):
    """Evidence by type of issue, else by default."""

    default: Evidence
    by_issue: Annotated[dict[Code, Evidence], Field(default_factory=dict, max_length=500)]

    def evidence(self, issue: str | None) -> Evidence:
        """What an issue of this type needs."""
        return self.by_issue.get(issue or "", self.default)
