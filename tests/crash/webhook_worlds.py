"""A small world of webhooks made by hand, and how what was told of it, or written down, is spoiled."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hub.dev.checker.webhook_log import Endpoint, Heard, Moment, Webhooks
from hub.dev.checker.webhook_tables import Attempt, DeliveryRows, Row
from hub.dev.checker.webhooks import is_wanted
from hub.dev.checker.wire import Told

FULL = Endpoint("ep_1", "full", "full", in_order=True)
LOOSE = Endpoint("ep_2", "loose", "thin", in_order=False, branches=("B1",))
CHOSEN = Endpoint("ep_3", "chosen", "full", in_order=True, types=("warranty.ended.v1",))
TAKEN, AWAY = 200, 503
KILLED_AT = 1_000.0
"""When the world's one killing was; what is told is told long after it."""
LONG_AFTER = 2_000.0


@dataclass(slots=True)
class World:
    """What was decided, what receivers wrote down, what the hub's books say."""

    told: list[Told] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    rows: DeliveryRows = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=lambda: [(KILLED_AT, KILLED_AT)])

    def decided(self, kind: str, subject: str, **fact: Any) -> None:
        """Something was, and everybody who wants it took it at once."""
        number = len(self.told) + 1
        event = Told(0, number, f"e{number}", kind, f"c{number}", fact, subject)
        self.told.append(event)
        for endpoint in (FULL, LOOSE, CHOSEN):
            if is_wanted(endpoint, event):
                self.heard.append(a_telling(endpoint, event, LONG_AFTER + number))
                self.rows[endpoint.id, event.id] = Row("delivered", [Attempt("delivered", TAKEN)])

    @property
    def webhooks(self) -> Webhooks:
        """As the checker reads it."""
        return Webhooks((FULL, LOOSE, CHOSEN), tuple(self.heard), tuple(self.moments))


def a_telling(endpoint: Endpoint, event: Told, at: float) -> Heard:
    data = event.fact
    if "decided" in data:
        data = data | {"decided": {"act": data["decided"]["act"]}}
    body = {
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "sequence": f"{event.seq:020}",
        "data": data if endpoint.payload == "full" else {"id": event.subject},
    }
    return Heard(endpoint.name, event.id, at, json.dumps(body), verifies=True, answered=TAKEN)


def a_clean_world() -> World:
    """Two warranties: one ends, one is extended by hand; a proposal about it stays inside."""
    world = World()
    world.decided("warranty.activated.v1", "w1", warranty="w1", branch="B1")
    world.decided("warranty.activated.v1", "w2", warranty="w2", branch="B2")
    world.decided("proposal.made.v1", "w2", proposal="p1")
    by_hand = {"act": "extend", "by": "ada", "why": "she is kind"}
    world.decided("warranty.extended.v1", "w2", warranty="w2", decided=by_hand)
    world.decided("warranty.linked.v1", "w1", warranty="w1", branch="B1")
    world.decided("warranty.ended.v1", "w1", warranty="w1", branch="B1")
    return world


Spoil = Callable[[World], object]


def both(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(world: World) -> None:
        for one in spoils:
            one(world)

    return spoil


def at(world: World, endpoint: Endpoint, event: str) -> int:
    """Where the first telling of an event stands in the record."""
    return next(
        n for n, one in enumerate(world.heard) if (one.name, one.id) == (endpoint.name, event)
    )


def change(world: World, endpoint: Endpoint, event: str, **how: Any) -> None:
    where = at(world, endpoint, event)
    world.heard[where] = replace(world.heard[where], **how)


def body(world: World, endpoint: Endpoint, event: str, **how: Any) -> None:
    """Its body says something else."""
    told = json.loads(world.heard[at(world, endpoint, event)].body)
    change(world, endpoint, event, body=json.dumps(told | how))


def unheard(world: World, endpoint: Endpoint, event: str) -> None:
    """It never arrived, though the books say that it was tried and nobody knows."""
    world.heard.pop(at(world, endpoint, event))
    attempts(world, endpoint, event, Attempt("unknown", None))


def again(world: World, endpoint: Endpoint, event: str, first: float = LONG_AFTER) -> None:
    """It was taken then, and told once more; the books say that the first attempt was lost."""
    change(world, endpoint, event, at=first)
    telling = world.heard[at(world, endpoint, event)]
    world.heard.append(replace(telling, at=first + 7))
    attempts(world, endpoint, event, Attempt("unknown", None), Attempt("delivered", TAKEN))


def attempts(world: World, endpoint: Endpoint, event: str, *made: Attempt) -> None:
    world.rows[endpoint.id, event].attempts = list(made)


def stands(world: World, endpoint: Endpoint, event: str, state: str) -> None:
    world.rows[endpoint.id, event].state = state


def foreign(world: World, endpoint: Endpoint, event: Told) -> None:
    """It was told, and written into the books, too."""
    world.heard.append(a_telling(endpoint, event, LONG_AFTER))
    world.rows[endpoint.id, event.id] = Row("delivered", [Attempt("delivered", TAKEN)])


def decided_in(world: World, event: str) -> Told:
    return next(one for one in world.told if one.id == event)


def first_refused(world: World, endpoint: Endpoint, event: str) -> None:
    """Its receiver had no room for it at first, which is no fault."""
    where = at(world, endpoint, event)
    world.heard.insert(where, replace(world.heard[where], answered=AWAY))
    attempts(world, endpoint, event, Attempt("failed", AWAY), Attempt("delivered", TAKEN))


def swapped(world: World, endpoint: Endpoint, one: str, other: str) -> None:
    here, there = at(world, endpoint, one), at(world, endpoint, other)
    world.heard[here], world.heard[there] = world.heard[there], world.heard[here]
