"""Evidence: pieces that are shown with a claim, from whichever system, withdrawn and taken back in."""

from collections.abc import Iterator
from datetime import date
from typing import Literal, NamedTuple

from msgspec.structs import replace

from hub.domain.claims.record import By, Piece, Said
from hub.domain.errors import reject
from hub.processors.purchase.claim_rows import Claim
from hub.sdk.events import Event

MOST_PIECES = 200
"""Of one claim; more help nobody decide."""


class Shown(NamedTuple):
    """What is shown at once."""

    photos: tuple[str, ...] = ()
    invoice: str | None = None
    serial: str | None = None
    incident: date | None = None
    words: str | None = None
    """Where a description is kept."""


def add_pieces(
    claim: Claim,
    shown: Shown,
    by: By,
    event: Event,
    said: Literal["description", "answer"] = "description",
) -> Claim:
    """The claim with what is new of it; the same piece again is none.

    Raises:
        RejectedError: there are too many.

    """
    there = {(piece.kind, piece.value) for piece in claim.pieces}
    new = [one for one in _pieces(shown) if one not in there]
    if len(claim.pieces) + len(new) > MOST_PIECES:
        message = (
            f"claim {claim.id} has {len(claim.pieces)} pieces of evidence; {MOST_PIECES} is most"
        )
        raise reject("too_many_pieces", message)
    pieces = claim.pieces
    for kind, value in new:
        pieces = (*pieces, Piece(str(len(pieces) + 1), kind, value, by, event.time, event.id))
    words = claim.said
    if shown.words and ("words", shown.words) not in there:
        words = (*words, Said(said, shown.words, by, event.time, event.id))
    incident = shown.incident or claim.incident_on
    return replace(claim, pieces=pieces, said=words, incident_on=incident)


def _pieces(
    shown: Shown,
) -> Iterator[tuple[Literal["photo", "invoice", "serial", "incident", "words"], str]]:
    for photo in shown.photos:
        yield "photo", photo
    if shown.invoice is not None:
        yield "invoice", shown.invoice
    if shown.serial is not None:
        yield "serial", shown.serial
    if shown.incident is not None:
        yield "incident", shown.incident.isoformat()
    if shown.words is not None:
        yield "words", shown.words


def settle_piece(claim: Claim, number: str, *, good: bool, by: By, why: str) -> Claim:
    """Withdraw a piece, or take it back in.

    Raises:
        RejectedError: there is none of that number.

    """
    found = next((piece for piece in claim.pieces if piece.id == number), None)
    if found is None:
        message = f"claim {claim.id} has no piece {number!r}; read the claim for their numbers"
        raise reject("unknown_piece", message)
    changed = replace(found, withdrawn_by=None if good else by, withdrawn_why="" if good else why)
    pieces = tuple(changed if piece is found else piece for piece in claim.pieces)
    incident = claim.incident_on
    if found.kind == "incident":
        left = [p.value for p in pieces if p.kind == "incident" and p.withdrawn_by is None]
        incident = date.fromisoformat(left[-1]) if left else None
    return replace(claim, pieces=pieces, incident_on=incident)
