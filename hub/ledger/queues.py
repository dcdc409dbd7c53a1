"""Who waits behind whom: in a home, one item is tried only when nothing stands before it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.adapters.postgres import Database, Queries
from hub.ledger.due import StoredItem
from hub.ledger.items import ItemGone, ItemRow

ITEMS = """
select home, count(*) as items, bool_or(state = 'held' and "offset" = first) as loose
  from (select home, state, "offset", min("offset") over (partition by home) as first
          from item where topic = $1 and part = $2 and home is not null) i
 group by home"""


BEFORE = """
select "offset" from item where topic = $1 and part = $2 and home = $3 and "offset" < $4
"""


@dataclass(slots=True)
class Queues:
    """The homes of a partition that hold something back."""

    waiting: Counter[str] = field(default_factory=Counter)
    """How many items each home has; while it has any, what comes waits behind them."""
    loose: set[str] = field(default_factory=set)
    """Homes whose foremost item was settled, so that the next one may be tried."""

    @staticmethod
    async def load(database: Database, topic: str, part: int) -> "Queues":
        """As the items stand that are stored."""
        rows = await database.fetch(ITEMS, topic, part)
        waiting = Counter({row["home"]: row["items"] for row in rows})
        return Queues(waiting, {row["home"] for row in rows if row["loose"]})

    def copy(self) -> "Queues":
        """As they stand now."""
        return Queues(Counter(self.waiting), set(self.loose))

    def holds(self, home: str | None) -> bool:
        """Whether what comes for a home has to wait."""
        return home is not None and self.waiting[home] > 0

    def enter(self, home: str) -> None:
        """One more item waits in a home."""
        self.waiting[home] += 1

    def leave(self, home: str) -> None:
        """One item of a home waits no longer."""
        self.waiting[home] -= 1
        if self.waiting[home] <= 0:
            del self.waiting[home]
            self.loose.discard(home)

    def forget_empty(self) -> None:
        """Keep nothing of homes that hold nothing."""
        self.loose &= self.waiting.keys()


async def stands_behind(  # noqa: PLR0913, PLR0917 - a place in a home, and what is being written
    queries: Queries,
    topic: str,
    part: int,
    home: str,
    offset: int,
    planned: Mapping[int, ItemRow | ItemGone],
) -> bool:
    """Whether something waits in a home before an offset, once what is planned is written."""
    rows = await queries.fetch(BEFORE, topic, part, home, offset)
    untouched = any(row["offset"] not in planned for row in rows)
    return untouched or any(
        isinstance(row, ItemRow) and row.home == home and row.offset < offset
        for row in planned.values()
    )


@dataclass(slots=True)
class Turns:
    """Whose turn it is among items that are tried together, in the order of their homes and offsets."""

    queues: Queues
    _done: set[int] = field(default_factory=set)

    def has_come(self, item: StoredItem) -> bool:
        """Whether nothing stands before it any more."""
        return item.after is None or item.after in self._done

    def end(self, item: StoredItem, *, makes_way: bool) -> None:
        """Note whether the next item of the home may be tried."""
        home = item.row.home
        if makes_way:
            self._done.add(item.row.offset)
        if home is not None and makes_way and self.queues.holds(home):
            self.queues.loose.add(home)
        elif home is not None:
            self.queues.loose.discard(home)
