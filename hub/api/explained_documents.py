"""What is told to whoever wants to know why a claim stands where it stands."""

from datetime import datetime
from typing import Any, Literal

from hub.api.claim_documents import ClaimLine, Doer
from hub.api.documents import Document
from schemas.events.claim import State
from schemas.policies.parts import Locale


class ExplainedStep(Document):
    """One thing that had a part in it."""

    at: datetime
    """Of a report that names a day alone, when that day began."""
    what: Literal[
        "reported",
        "ruled",
        "proof",
        "evidence",
        "evidence_withdrawn",
        "said",
        "weighed",
        "overridden",
        "approved",
        "moved",
        "asked",
        "effect",
        "cost",
        "verified",
        "message",
    ]
    """`reported` and `ruled` are of the warranty; `asked` is an effect, `effect` what was told of it."""
    by: Doer | None
    why: str
    told: dict[str, Any]
    """What exactly: of a rule its policy, version, inputs and outcome."""
    event: str | None
    trace: str | None
    """Where the whole way of the event can be read."""


class CustomerSaw(Document):
    """What the customer read when the claim came to a state."""

    state: State
    at: datetime
    status: str
    next_step: str
    expected: str


class CustomerVersion(Document):
    """The same story as its customer has it: no code, no note, no name of a rule."""

    locale: Locale
    steps: list[CustomerSaw]


class ExplainedClaim(Document):
    """Everything that led to where a claim stands, in order, and the customer's version beside it."""

    claim: ClaimLine
    steps: list[ExplainedStep]
    customer: CustomerVersion


EXPLAINED = (ExplainedClaim,)
