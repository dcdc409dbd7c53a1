"""What a trace cannot show yet: what waits for somebody, what must follow at once, what the trail may lack."""

from collections.abc import Iterator, Sequence

from hub.trail.rows import LANDING
from hub.trail.way import Asked, Behind, Decided, EventWay, Landed

UNTRANSLATED = {
    "parked": "is parked until its translation is mended",
    "retrying": "is tried again: what it needs is away",
    "held": "waits behind an earlier payload of its key",
}
WAITS = {
    "early": "waits in its home for what it builds on",
    "retrying": "is tried again",
    "held": "waits behind an earlier event of its home",
    "dead_lettered": "waits for a person to redrive it or give it up",
}
LATE_SECONDS = 3.0
"""The trail is always a few batches behind a log at work; so far behind it may lack something."""


def waiting(landed: Sequence[Landed], events: Sequence[EventWay]) -> Iterator[str]:
    """What waits for somebody or something, which is no gap in the way."""
    yield from _untranslated(landed)
    yield from _in_homes(events)


def coming(
    landed: Sequence[Landed], events: Sequence[EventWay], asked: Sequence[Asked]
) -> Iterator[str]:
    """What must follow at once and has not been seen."""
    yield from _undecided(landed, events)
    yield from _unseen(events)
    yield from _unanswered(asked)


def _untranslated(landed: Sequence[Landed]) -> Iterator[str]:
    newest: dict[str, Landed] = {}
    for one in sorted(landed, key=lambda one: one.translated_at):
        newest[one.raw] = one
    for one in newest.values():
        if one.outcome in UNTRANSLATED:
            yield f"the payload {one.raw} {UNTRANSLATED[one.outcome]}"


def _undecided(landed: Sequence[Landed], events: Sequence[EventWay]) -> Iterator[str]:
    decided = {event.id for event in events}
    for meant in dict.fromkeys(meant for one in landed for meant in one.events):
        if meant.id not in decided:
            yield f"{meant.type} {meant.id} is translated and not decided yet"


def _last_words(event: EventWay) -> list[Decided]:
    """The newest line about each arrival of it."""
    return list({(d.topic, d.part, d.offset): d for d in event.decisions}.values())


def _in_homes(events: Sequence[EventWay]) -> Iterator[str]:
    for event in events:
        for last in _last_words(event):
            if last.outcome in WAITS:
                yield f"{event.type} {event.id} {WAITS[last.outcome]}: {last.reason}"


def _unseen(events: Sequence[EventWay]) -> Iterator[str]:
    for event in events:
        if all(last.kind == "placed" for last in _last_words(event)):
            yield f"{event.type} {event.id} is on its way to another partition"
        for said in (said for decision in event.decisions for said in decision.said):
            if not said.acknowledged:
                yield f"{said.type} {said.id} is decided and not published yet"
            for view in said.projected:
                if not view.shown:
                    yield f"{said.type} {said.id} does not show in {view.name} yet"


def _unanswered(asked: Sequence[Asked]) -> Iterator[str]:
    for one in asked:
        if one.outcome is None:
            yield f"request {one.id} is not answered yet"


def lacking(landed: Sequence[Landed], events: Sequence[EventWay]) -> bool:
    """Whether a payload is not shown of which an event was made."""
    shown = {one.raw for one in landed}
    return any(event.raw is not None and event.raw not in shown for event in events)


def late(
    one: Behind, landed: Sequence[Landed], events: Sequence[EventWay], *, lacking: bool
) -> bool:
    """Whether this way may go on in a log that the trail has not followed for some time.

    A payload lies in one partition for ever; an event may write to a home in any.
    """
    if one.seconds <= LATE_SECONDS:
        return False
    if one.log == LANDING:
        return lacking or (one.topic, one.part) in {(each.topic, each.part) for each in landed}
    topics = {each.topic for event in events for each in event.decisions}
    return not topics or one.topic in topics
