"""From the rows of one correlation to its trace; pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.ledger.entries import SaidEntry
from hub.trail import ahead, rows
from hub.trail.figures import PROJECTED, PUBLISHED, Figures, Spot
from hub.trail.rows import DOOR, LANDING, STAFF, DecidedDoc
from hub.trail.stages import stages
from hub.trail.way import (
    Asked,
    Decided,
    EventWay,
    Landed,
    Meaning,
    Projected,
    Published,
    Refused,
    Staff,
    Trace,
)
from schemas.catalogue import FACTS
from schemas.refs import derived_id

TOPIC_OF = {fact.TYPE: topic.name for topic, facts in FACTS.items() for fact in facts}
LETTER, MOST_LETTERS = "ltr_", 100


@dataclass(slots=True)
class Found:
    """The rows of one correlation, by what they tell of."""

    correlation: str
    tenant: str
    landed: list[Any] = field(default_factory=list)
    decided: list[tuple[Any, DecidedDoc]] = field(default_factory=list)
    refused: list[Any] = field(default_factory=list)
    staff: list[Any] = field(default_factory=list)
    truncated: bool = False

    def add(self, row: Any) -> None:
        """Take a row of the trail."""
        if row["log"] == LANDING:
            self.landed.append(row)
        elif row["log"] == DOOR:
            self.refused.append(row)
        elif row["log"] == STAFF:
            self.staff.append(row)
        else:
            self.decided.append((row, rows.read_decided(row["doc"])))

    def event_ids(self) -> list[str]:
        """Every event that is told of, decided or not."""
        meant = (one.id for row in self.landed for one in rows.read_landed(row["doc"]).events)
        decided = (row["event_id"] for row, _ in self.decided if row["event_id"])
        return list(dict.fromkeys([*meant, *decided, self.correlation]))

    def said(self) -> Iterator[tuple[Spot, int]]:
        """Where its status events were numbered."""
        for _, doc in self.decided:
            yield from (((doc.topic, doc.part), said.seq) for said in doc.said)
            if not doc.said:
                # Its owner is asked for even so: it tells which code decided.
                yield (doc.topic, doc.part), 0


def assemble(found: Found, requests: Iterable[Any], figures: Figures) -> Trace | None:
    """The trace; None where nothing at all is known."""
    landed = tuple(_landed(row) for row in found.landed)
    events = _events(found, figures)
    asked = tuple(_asked(row) for row in requests)
    refused = tuple(_refused(row) for row in found.refused)
    staff = tuple(_staff(row) for row in found.staff)
    told = stages(landed, events, asked, refused, staff)
    times = [stage.at for stage in told if stage.at is not None]
    if not times:
        return None
    coming = tuple(ahead.coming(landed, events, asked))
    lacking = ahead.lacking(landed, events)
    late = tuple(one for one in figures.behind if ahead.late(one, landed, events, lacking=lacking))
    return Trace(
        correlation=found.correlation,
        tenant=found.tenant,
        began_at=min(times),
        complete=not (coming or lacking or late or found.truncated),
        behind=late,
        landed=landed,
        events=events,
        requests=asked,
        refused=refused,
        staff=staff,
        open=(*ahead.waiting(landed, events), *coming),
        stages=told,
        truncated=found.truncated,
        others=(),
    )


def _landed(row: Any) -> Landed:
    doc = rows.read_landed(row["doc"])
    return Landed(
        raw=doc.raw,
        source=row["source"],
        connector=doc.connector,
        topic=doc.topic,
        part=doc.part,
        offset=doc.offset,
        hash=doc.hash,
        size=doc.size,
        payload=doc.payload,
        received_at=row["at"],
        translated_at=doc.translated_at,
        outcome=row["status"],
        reason=row["reason"],
        revision=doc.revision,
        events=tuple(Meaning(id=one.id, type=one.type, home=one.home) for one in doc.events),
    )


def _refused(row: Any) -> Refused:
    doc = rows.read_refused(row["doc"])
    return Refused(
        id=row["correlation"],
        at=row["at"],
        door=row["source"],
        path=doc.path,
        status=int(row["status"]),
        reason=row["reason"],
        hash=doc.hash,
        size=doc.size,
        principal=doc.principal,
        suppressed=doc.suppressed,
    )


def _staff(row: Any) -> Staff:
    did = rows.read_staff(row["doc"])
    return Staff(
        at=row["at"],
        by=did.by,
        verb=row["status"],
        code=did.code,
        text=row["reason"],
        event_id=row["event_id"],
    )


def _asked(row: Any) -> Asked:
    answer = (row["answer"] or "null").encode()
    return Asked(**{**dict(row), "answer": msgspec.Raw(answer)})


# Events and what became of them


def _events(found: Found, figures: Figures) -> tuple[EventWay, ...]:
    by_id: dict[str, list[tuple[Any, DecidedDoc]]] = {}
    for row, doc in found.decided:
        known = row["event_id"] or f"{doc.topic}/{doc.part}/{doc.offset}"
        by_id.setdefault(known, []).append((row, doc))
    causes = _causes(found)
    return tuple(_event(known, lines, causes, figures) for known, lines in by_id.items())


def _event(
    known: str,
    lines: Sequence[tuple[Any, DecidedDoc]],
    causes: dict[str, str],
    figures: Figures,
) -> EventWay:
    row, doc = lines[-1]
    bodies = [one.body for _, one in lines if bytes(one.body) != b"null"]
    return EventWay(
        id=known,
        type=doc.type,
        source=row["source"],
        home=next((one["home"] for one, _ in lines if one["home"]), None),
        time=doc.time,
        hash=doc.hash,
        raw=doc.raw,
        caused_by=causes.get(known),
        body=bodies[0] if bodies else doc.body,
        decisions=tuple(_decided(*line, figures) for line in lines),
    )


def _causes(found: Found) -> dict[str, str]:
    """Which event each letter comes from: its id derives from that event's."""
    letters = {row["event_id"] for row, _ in found.decided if _is_letter(row["event_id"])}
    causes: dict[str, str] = {}
    for row, doc in found.decided if letters else ():
        for number in range(MOST_LETTERS):
            cause = (found.tenant, row["source"], row["event_id"] or "", doc.hash, str(number))
            letter = derived_id("ltr", *cause)
            if letter in letters:
                causes[letter] = row["event_id"]
    return causes


def _is_letter(event: str | None) -> bool:
    return event is not None and event.startswith(LETTER)


def _decided(row: Any, doc: DecidedDoc, figures: Figures) -> Decided:
    owner = figures.owners.get((doc.topic, doc.part))
    return Decided(
        at=row["at"],
        kind=row["stage"],
        outcome=row["status"],
        before=doc.before,
        reason=row["reason"],
        topic=doc.topic,
        part=doc.part,
        offset=doc.offset,
        epoch=doc.epoch,
        n=row["n"],
        tenant_version=doc.tenant_version,
        code_version=owner.code_version if owner and owner.epoch == doc.epoch else None,
        said=tuple(_published(said, doc, figures) for said in doc.said),
    )


def _published(said: SaidEntry, doc: DecidedDoc, figures: Figures) -> Published:
    owner = figures.owners.get((doc.topic, doc.part))
    topic = TOPIC_OF.get(said.type, "")
    return Published(
        id=said.id,
        type=said.type,
        subject=said.subject,
        topic=topic,
        part=doc.part,
        seq=said.seq,
        data=said.data,
        acknowledged=owner is not None and owner.published_seq >= said.seq,
        at=figures.marks.get((PUBLISHED, doc.topic, doc.part, said.seq)),
        projected=tuple(
            Projected(
                name=name,
                shown=seq >= said.seq,
                at=figures.marks.get((PROJECTED, name, doc.part, said.seq)),
            )
            for name, seq in figures.projected(topic, doc.part)
        ),
    )
