"""The row of a proof of purchase."""

from datetime import datetime
from operator import attrgetter
from typing import Literal

import msgspec

from hub.sdk.decision import Row
from hub.sdk.processor import Column, RowType

State = Literal["offered", "accepted", "refused"]
OFFERED: State = "offered"
ACCEPTED: State = "accepted"
REFUSED: State = "refused"


class ToldProof(msgspec.Struct, frozen=True, gc=False):
    """A proof as whoever offers or decides it is told."""

    id: str
    warranty: str
    state: State
    why: str | None


class Proof(Row, frozen=True, gc=False, omit_defaults=True):
    """What somebody showed of a purchase, and what was decided of it."""

    number: int
    state: State
    warranty: str
    by_kind: str
    by_id: str
    by_role: str
    offered_at: datetime
    event: str
    media: str | None = None
    invoice: str | None = None
    note: str = ""
    decided_by: str | None = None
    """None where the hub found that it names the sale's own order."""
    decided_at: datetime | None = None
    decided_why: str | None = None

    @property
    def shows(self) -> tuple[str | None, str | None]:
        """The file or the reference."""
        return self.media, self.invoice

    @property
    def told(self) -> ToldProof:
        """As its sender is told."""
        return ToldProof(self.id, self.warranty, self.state, self.decided_why)


PROOFS = RowType(
    table="proof",
    row=Proof,
    columns=(
        Column("state", "text", attrgetter("state")),
        Column("warranty", "text", attrgetter("warranty")),
    ),
)
