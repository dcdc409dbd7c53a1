"""What the API answers about items, where it is more than what was read."""

import msgspec

from hub.recovery.actions import Action
from hub.recovery.away import Away
from hub.recovery.bulk_progress import Bulk
from hub.recovery.groups import Group
from hub.recovery.items import Item
from hub.recovery.replay_asking import Replay


class Groups(msgspec.Struct, frozen=True, kw_only=True):
    """Items that failed alike, counted; the largest group first."""

    groups: list[Group]


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """What is away, the longest first."""

    dependencies: list[Away]


class Wished(msgspec.Struct, frozen=True, kw_only=True):
    """What was wanted of an item stands in it until its owner has acted."""

    item: Item | None
    """Null where its owner has acted already and it is settled."""


class NotePage(msgspec.Struct, frozen=True, kw_only=True):
    """Notes, the newest first."""

    notes: list[Action]
    cursor: int | None
    """Null where there are no more."""


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A note that was written."""

    n: int
    """Its number."""


class BulkPage(msgspec.Struct, frozen=True, kw_only=True):
    """What was wanted of many items at once, the newest first."""

    redrives: list[Bulk]
    cursor: int | None
    """Null where there are no more."""


class ReplayPage(msgspec.Struct, frozen=True, kw_only=True):
    """Replays, the newest first."""

    replays: list[Replay]
    cursor: int | None
    """Null where there are no more."""


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """A bulk that was stopped."""

    redrive: Bulk
    left: int
    """So many items are left as they are."""
