"""What each receiver of a demo was told in a run, held against what it says itself that it took."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hub.adapters.postgres import Database
from hub.delivery.mail import message_id
from hub.dev.demo.receivers import ANSWERS_TO
from hub.dev.simulator.mailbox import MAIL
from hub.dev.simulator.taken import read

DELIVERED = ("delivered", "skipped", "dead", "waiting", "away")
STATE = """
case when d.state not in ('waiting', 'sending') then d.state
     when e.state <> 'active' or (p.opened_at is not null
          and p.failing_since < clock_timestamp() - interval '5 seconds') then 'away'
     else 'waiting' end
"""
"""Where nobody answers at an endpoint for a while, what waits there may wait for ever: it is `away`."""
FROM = (
    "from delivery d join endpoint e on e.id = d.endpoint join endpoint_pace p on p.endpoint = e.id"
)
DELIVERIES = f"select {STATE} as state, count(*) as n {FROM} where d.state <> 'given_up' group by 1"
STATES = f"""
select d.endpoint, {STATE} as state, count(*) as n {FROM}
 where d.endpoint = any($1) and (d.ended_at is null or d.ended_at >= to_timestamp($2)) group by 1, 2
"""
FAILED = """
select d.endpoint, count(*) as n from delivery_attempt a join delivery d on d.seq = a.delivery
 where d.endpoint = any($1) and a.began_at >= to_timestamp($2) and a.state in ('failed', 'unknown') group by 1
"""
ENDED = """
select distinct d.endpoint, d.event from delivery_attempt a join delivery d on d.seq = a.delivery
 where d.endpoint = any($1) and a.began_at >= to_timestamp($2) and a.state = 'delivered'
"""
OPEN = """
select d.endpoint, d.event from delivery d where d.endpoint = any($1) and d.state in ('waiting', 'sending')
"""
TRIAL = "tst_"
"""What ids of trials begin with, which anybody may send without the hub's keeping anything of it."""
Names = Mapping[str, str]
"""Of receivers, by the id of their endpoint."""


@dataclass(frozen=True, slots=True)
class Told:
    """One receiver in one run; but for attempts it counts messages."""

    states: Mapping[str, int] = field(default_factory=dict)
    """Of what ended in this run, and of what still waits."""
    failed: int = 0
    """Attempts."""
    took: int = 0
    """By its own count."""
    again: int = 0
    """Took so many more than once: it answered, and nobody heard it."""
    lost: int = 0
    """Delivered, says the hub, and the receiver knows nothing of it."""
    ghosts: int = 0
    """The receiver took them, and the hub neither delivered them nor is still about to."""

    @property
    def told(self) -> int:
        """All that there was for it."""
        return sum(self.states.values())

    @property
    def unaccounted(self) -> int:
        """Messages of which hub and receiver do not say the same."""
        return self.lost + self.ghosts

    def as_json(self) -> dict[str, int]:
        """Every figure by a plain name."""
        states = {state: self.states.get(state, 0) for state in DELIVERED}
        counted = {name: n for name, n in asdict(self).items() if name != "states"}
        return {"told": self.told, **states, **counted, "unaccounted": self.unaccounted}


def compared(
    delivered: Iterable[str], taken: Mapping[str, int], is_open: Iterable[str]
) -> dict[str, int]:
    """Hold what the hub delivered against how often a receiver took what; `is_open` is on its way still."""
    said = {one for one in delivered if not one.startswith(TRIAL)}
    took = {one for one in taken if not one.startswith(TRIAL)}
    return {
        "took": len(took),
        "again": sum(taken[one] > 1 for one in took),
        "lost": len(said - took),
        "ghosts": len(took - said - set(is_open)),
    }


async def read_told(database: Database, noted: Mapping[str, Any], book: Path) -> Mapping[str, Told]:
    """Every receiver by name; `noted` says since when the run lasts, and which endpoint is whose."""
    names = {endpoint: name for name, endpoint in noted["endpoints"].items()}
    since = (list(names), noted["since"])
    states: dict[str, dict[str, int]] = {name: {} for name in names.values()}
    for row in await database.fetch(STATES, *since):
        states[names[row["endpoint"]]][row["state"]] = row["n"]
    failed = {names[row["endpoint"]]: row["n"] for row in await database.fetch(FAILED, *since)}
    delivered = _by_name(names, await database.fetch(ENDED, *since))
    is_open = _by_name(names, await database.fetch(OPEN, list(names)))
    taken = read(book)
    return {
        name: Told(
            states[name],
            failed.get(name, 0),
            **compared(delivered[name], taken.get(name, Counter()), is_open[name]),
        )
        for name in names.values()
    }


def _by_name(names: Names, rows: Iterable[Any]) -> dict[str, set[str]]:
    """Ids as each receiver gets to see them."""
    found: dict[str, set[str]] = {name: set() for name in names.values()}
    for row in rows:
        endpoint, event = row["endpoint"], row["event"]
        name = names[endpoint]
        found[name].add(message_id(endpoint, event, ANSWERS_TO) if name == MAIL else event)
    return found
