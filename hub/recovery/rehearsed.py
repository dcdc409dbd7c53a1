"""What a rehearsal tells: how an item would end if today's code and settings tried it now."""

import msgspec

from hub.recovery.spot import Spot


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a row that would change. Both values are JSON, null where there is none."""

    table: str
    id: str
    place: str
    """As in `lines.0.price`; empty for the whole row."""
    old: msgspec.Raw
    new: msgspec.Raw


class WouldSay(msgspec.Struct, frozen=True, kw_only=True):
    """A status event that would be said."""

    type: str
    subject: str
    data: msgspec.Raw


class WouldName(msgspec.Struct, frozen=True, kw_only=True):
    """A name that would be taken, or let go of."""

    kind: str
    value: str
    id: str
    released: bool


class Was(msgspec.Struct, frozen=True, kw_only=True):
    """How the last try of an item ended."""

    state: str
    code: str
    reason: str
    release: str
    """Of the hub that tried it."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of one event."""

    event_id: str
    type: str
    home: str
    outcome: str
    code: str
    """Of what would fail still; empty where it would not."""
    reason: str
    said: tuple[WouldSay, ...] = ()
    changes: tuple[Change, ...] = ()
    names: tuple[WouldName, ...] = ()
    moved: tuple[str, ...] = ()
    """What would become of early events that wait for this one, as in `evt_1: applied`."""


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of an item."""

    spot: Spot
    event_id: str
    was: Was
    outcome: str
    """Of an event as the ledger names it; of a raw record translated, meaningless, parked or retrying.

    Held with the code `sealed` where this process has not the key.
    """
    code: str
    reason: str
    events: tuple[Outcome, ...]
    """What would become of the event, or of each event that the record would mean."""

    @property
    def would_settle(self) -> bool:
        """Whether it would leave the list."""
        return self.outcome not in STAYS


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of an item, and in order of those that wait behind it."""

    item: Rehearsed
    followers: tuple[Rehearsed, ...]
    """Up to the first that would stay, which holds those behind it."""
    left_behind: int
    """So many would still wait."""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Items that ended alike and would end alike."""

    was: str
    """State and code of the last try, as in `dead_lettered KeyError in decide`."""
    would_be: str
    items: int


class ManyRehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of many items."""

    counts: tuple[Count, ...]
    """The most frequent first."""
    items: int
    more: bool
    """Whether more items fit than were rehearsed."""
    details: tuple[Rehearsal, ...]
    """Of the first ones."""


STAYS = frozenset({"retrying", "held", "dead_lettered", "parked"})
