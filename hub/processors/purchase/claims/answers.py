"""What is answered of claims: small, and the same again at every repeat."""

import msgspec

from hub.domain.claims.record import Posting
from hub.processors.purchase.claim_rows import Claim, Effect


class ToldClaim(msgspec.Struct, frozen=True, gc=False):
    """A claim as whoever did something to it is told."""

    id: str
    warranty: str
    state: str
    missing: tuple[str, ...]
    blocked: tuple[str, ...]
    flags: tuple[str, ...]

    @classmethod
    def of(cls, claim: Claim) -> "ToldClaim":
        """As it stands."""
        return cls(claim.id, claim.warranty, claim.state, claim.missing, claim.blocked, claim.flags)


class Claimed(msgspec.Struct, frozen=True, gc=False):
    """The answer to whatever is told or decided of a claim."""

    claim: ToldClaim

    @classmethod
    def of(cls, claim: Claim) -> "Claimed":
        """As it stands."""
        return cls(ToldClaim.of(claim))


class FirstOfTwo(msgspec.Struct, frozen=True, gc=False):
    """That an approval needs a second person."""

    first_by: str
    needs: str = "a second person who may approve"


class Half(msgspec.Struct, frozen=True, gc=False):
    """The answer to the first of two approvals."""

    claim: ToldClaim
    approval: FirstOfTwo


class ToldEffect(msgspec.Struct, frozen=True, gc=False):
    """An effect as whoever reports of it is told."""

    id: str
    claim: str
    kind: str
    state: str
    stage: str | None
    reference: str | None


class Effected(msgspec.Struct, frozen=True, gc=False):
    """The answer to what is told of an effect."""

    effect: ToldEffect

    @classmethod
    def of(cls, one: Effect) -> "Effected":
        """As it stands."""
        told = ToldEffect(one.id, one.claim, one.kind, one.state, one.stage, one.reference)
        return cls(told)


class ToldPosting(msgspec.Struct, frozen=True, gc=False):
    """A posting as it counts."""

    id: str
    claim: str
    kind: str
    amount: int
    currency: str


class Posted(msgspec.Struct, frozen=True, gc=False):
    """The answer to a posting, and to its verification."""

    posting: ToldPosting

    @classmethod
    def of(cls, claim: str, one: Posting) -> "Posted":
        """As it stands."""
        return cls(ToldPosting(one.id, claim, one.kind, one.amount, one.currency))
