"""Where the steps of a projection come from: the ledger, or the wire where it continues."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.adapters.kafka import Record
from hub.adapters.postgres import Database
from hub.adapters.postgres.database import Queries
from hub.domain.errors import HubError
from hub.ledger import entries
from hub.ledger.entries import EPOCH_HEADER, SEQ_HEADER
from hub.ledger.progress import Place, Step
from hub.sdk.projection import Projection, Told
from schemas.catalogue import BY_TYPE
from schemas.envelope import from_headers

CHUNK = 20
"""Ledger rows read at once, each a batch of at most some hundred events."""

LEDGER = """
select kind, epoch, from_seq, to_seq, body from ledger
 where topic = $1 and part = $2 and kind <> 'skip' and to_seq >= $3 and (to_seq > $3 or kind = 'jump' and epoch > $4)
 order by to_seq, n limit $5
"""


class LedgerHoleError(HubError):
    """The ledger does not continue where a projection stands. It is written without gaps."""


@dataclass(frozen=True, slots=True)
class WireEvent:
    """A status record with the two headers that order it."""

    seq: int
    epoch: int
    record: Record


async def read_ledger(
    queries: Queries | Database, projection: Projection, topic: str, part: int, place: Place
) -> Step | None:
    """The next step after `place`; None where the ledger ends there.

    Raises:
        LedgerHoleError: a row is missing.

    """
    rows = await queries.fetch(LEDGER, topic, part, place.seq, place.epoch, CHUNK)
    if not rows:
        return None
    told: list[Told] = []
    jumped = False
    for row in rows:
        if row["kind"] == "jump":
            jumped = True
        elif row["from_seq"] > place.seq + 1:
            message = (
                f"{topic}[{part}]: after seq {place.seq} the ledger goes on with {row['from_seq']}."
                " Rows of it are gone: restore Postgres from a backup that has them"
            )
            raise LedgerHoleError(message)
        else:
            told += (one for one in _told(row["body"], projection) if one.seq > place.seq)
        place = Place(row["to_seq"], max(place.epoch, row["epoch"]))
    return Step(place, told, jumped)


def _told(body: bytes, projection: Projection) -> Iterator[Told]:
    wanted = {fact.TYPE for fact in projection.consumes}
    for entry in entries.decode(body):
        for said in entry.said:
            if said.type in wanted:
                fact = BY_TYPE[said.type].model_validate_json(bytes(said.data))
                yield Told(entries.envelope(entry, said), fact, said.seq)


def on_the_wire(record: Record) -> WireEvent | None:
    """The record with its order; None for what the hub did not write."""
    headers = dict(record.headers)
    seq, epoch = headers.get(SEQ_HEADER, b""), headers.get(EPOCH_HEADER, b"")
    return WireEvent(int(seq), int(epoch), record) if seq.isdigit() and epoch.isdigit() else None


def continuing(place: Place, events: Sequence[WireEvent]) -> tuple[list[WireEvent], str]:
    """What continues at `place`, and what ended it: an `epoch` that began, a `gap`, or nothing."""
    run: list[WireEvent] = []
    seq = place.seq
    for event in events:
        if event.seq <= seq:
            continue
        if event.epoch > place.epoch:
            return run, "epoch"
        if event.seq > seq + 1:
            return run, "gap"
        run.append(event)
        seq = event.seq
    return run, ""


def wire_step(projection: Projection, place: Place, run: Sequence[WireEvent]) -> Step:
    """The step that a run of events makes from `place`."""
    wanted = {fact.TYPE for fact in projection.consumes}
    told = []
    for event in run:
        envelope = from_headers(dict(event.record.headers))
        if envelope.type in wanted:
            fact = BY_TYPE[envelope.type].model_validate_json(event.record.value or b"null")
            told.append(Told(envelope, fact, event.seq))
    return Step(Place(run[-1].seq, place.epoch), told)
