"""What is posted and answered about proofs of purchase and the files that show them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.api.bodies import STRICT, VISIBLE
from hub.api.documents import Document

MediaId = Annotated[str, Field(pattern="^med_[0-9a-f]{32}$")]


class OfferedProof(BaseModel):
    """What shows the purchase: a file that was sent, or the reference on an invoice or receipt."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [{"invoice": "R-2026-00017", "note": "till 3"}],
            "oneOf": [
                {"required": [name], "properties": {name: {"type": "string"}}}
                for name in ("media", "invoice")
            ],
        },
    )

    media: MediaId | None = None
    invoice: Annotated[str, Field(min_length=1, max_length=200, pattern=VISIBLE)] | None = None
    note: Annotated[str, Field(max_length=1000)] = ""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.media is None) == (self.invoice is None):
            raise ValueError("name either `media`, a file that was sent, or `invoice`, a reference")
        return self


class SentMedia(Document):
    """A file as it is kept: drawn or written anew, under a name of ours."""

    id: MediaId
    warranty: str
    kind: Literal["image/jpeg", "application/pdf"]
    size: int
    """Bytes."""
    width: int
    """Pixels; 0 for a PDF."""
    height: int
    pages: int
    """0 for a picture."""


class UploadToken(Document):
    """A token for whoever has no account: good for files and proofs of this one warranty."""

    token: str
    """Send it as `Authorization: Bearer`."""
    expires_in: int
    """Seconds."""


class ProofDocument(Document):
    """A proof of purchase, and what was decided of it."""

    id: Annotated[str, Field(pattern="^prf_[a-z2-7]{16}_[0-9]+$")]
    warranty: str
    state: Literal["offered", "accepted", "refused"]
    media: str | None = None
    invoice: str | None = None
    note: str = ""
    by_kind: str
    by_id: str
    by_role: str
    offered_at: datetime
    decided_by: str | None = None
    """Null where it is not decided, or names the sale's own order, which needs nobody."""
    decided_at: datetime | None = None
    decided_why: str | None = None


class Proofs(Document):
    """All proofs of a warranty, and what they amount to."""

    state: Literal["missing", "offered", "accepted", "refused"]
    """Accepted once one is; refused where all are."""
    proofs: list[ProofDocument]
