"""A trace as a story: one stage after the other, with the time between them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from hub.trail.way import Asked, Decided, EventWay, Kind, Landed, Published, Refused, Staff, Stage

FILE = "file:"


class _Point(NamedTuple):
    """A stage before the time between them is known. `order` settles what has no time of its own."""

    order: datetime
    at: datetime | None
    kind: Kind
    status: str
    what: str
    event: str | None = None


def stages(
    landed: Iterable[Landed],
    events: Iterable[EventWay],
    asked: Iterable[Asked],
    refused: Iterable[Refused],
    staff: Iterable[Staff] = (),
) -> tuple[Stage, ...]:
    """Everything that happened, oldest first; what nobody noted the time of follows its cause."""
    points = [
        *(point for one in asked for point in _asked(one)),
        *(point for one in landed for point in _landed(one)),
        *(point for one in events for point in _event(one)),
        *(_refused(one) for one in refused),
        *(_staff(one) for one in staff),
    ]
    points.sort(key=_order)
    return tuple(_timed(points))


def _order(point: _Point) -> datetime:
    return point.order


def _timed(points: Sequence[_Point]) -> Iterator[Stage]:
    first = last = next((point.at for point in points if point.at is not None), None)
    for point in points:
        at = point.at
        after = (at - first).total_seconds() if at and first else None
        took = (at - last).total_seconds() if at and last else None
        last = at or last
        yield Stage(
            at=at,
            after=after,
            took=took,
            kind=point.kind,
            status=point.status,
            what=point.what,
            event=point.event,
        )


def _asked(one: Asked) -> Iterator[_Point]:
    what = f"request {one.id} for {one.scope}"
    yield _Point(one.reserved_at, one.reserved_at, "requested", "reserved", what)
    if one.decided_at is not None:
        what = f"request {one.id}"
        yield _Point(one.decided_at, one.decided_at, "answered", one.outcome or "", what)


def _landed(one: Landed) -> Iterator[_Point]:
    where = (
        f"record {one.offset} of {one.topic.removeprefix(FILE)}"
        if one.topic.startswith(FILE)
        else f"{one.topic}[{one.part}] at {one.offset}"
    )
    what = f"{one.size} bytes from {one.source}: {where}"
    yield _Point(one.received_at, one.received_at, "landed", "landed", what)
    meant = ", ".join(meant.type for meant in one.events) or one.reason
    what = f"{one.connector} revision {one.revision}: {meant}"
    yield _Point(one.translated_at, one.translated_at, one.outcome, one.outcome, what)


def _event(event: EventWay) -> Iterator[_Point]:
    for one in event.decisions:
        what = f"{event.type} on {one.topic}[{one.part}] at {one.offset}"
        what += f": {one.reason}" if one.reason else ""
        yield _Point(one.at, one.at, one.kind, one.outcome, what, event.id)
        for said in one.said:
            yield from _said(event, one, said)


def _said(event: EventWay, decided: Decided, said: Published) -> Iterator[_Point]:
    what = f"{said.type} of {said.subject} as {said.topic}[{said.part}] seq {said.seq}"
    if said.acknowledged:
        at = said.at
        yield _Point(at or decided.at, at, "published", "acknowledged", what, event.id)
    for view in said.projected:
        if view.shown:
            what = f"{said.type} of {said.subject} in {view.name}"
            yield _Point(view.at or decided.at, view.at, "projected", "shown", what, event.id)


def _refused(one: Refused) -> _Point:
    what = f"{one.door} {one.path}: {one.reason}"
    return _Point(one.at, one.at, "refused", str(one.status), what)


def _staff(one: Staff) -> _Point:
    said = f"{one.code}: {one.text}" if one.code else one.text
    return _Point(one.at, one.at, "staff", one.verb, f"{one.by}: {said}", one.event_id)
