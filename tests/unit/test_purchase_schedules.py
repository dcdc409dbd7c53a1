"""Sales, registrations, returns, serials, transfers, deletions and repeats at random, beside a model.

`HUB_SCHEDULES=1000` tells so many schedules instead of a few.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from hub.processors.purchase.state import Unit
from hub.sdk.events import Event, Outcome
from tests.unit.ownership_oracle import Model, Thing
from tests.unit.story import (
    NEW_YEAR,
    Story,
    a_deletion,
    a_line,
    a_registration,
    a_return,
    a_sale,
    a_serial,
    a_transfer,
)
from tests.unit.test_purchase_extension import a_coverage, extending

SCHEDULES, STEPS = int(os.environ.get("HUB_SCHEDULES", "60")), 24
ORDERS, SERIALS, PEOPLE = ("O-1", "O-2"), ("A", "B"), ("ada", "bob", "eve")
Step = tuple[str, Callable[[], bool], Event]
"""What it is called, how the model takes it, and how the hub is told."""


class Schedule:
    """A world and its model, told the same."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a reproducible schedule is no secret
        self.story = extending(a_coverage(transferable=True))
        self.model = Model()
        self.steps: list[Step] = []
        self.told: list[str] = []
        self.units: dict[int, tuple[Thing, str]] = {}

    def day(self) -> date:
        """So close together that nothing which waits is given up before its turn."""
        return NEW_YEAR + timedelta(days=self.chance.randrange(6))

    def step(self) -> None:
        """Something new, or something again."""
        if self.steps and self.chance.random() < 0.2:
            step = self.chance.choice(self.steps)
        else:
            step = self.chance.choice(
                (*([self.sale] * 3), *([self.registration] * 2), *self.rare())
            )()
            self.steps.append(step)
        name, modelled, event = step
        taken = modelled()
        self.story.given(event)
        refused = "reasons" in (self.story.answers[-1] or {})
        self.told.append(f"{name}: {self.story.outcomes[-1]} {self.story.answers[-1]}")
        assert refused != taken, self.why()
        self.meet()
        assert self.hubs() == Counter(thing.told for thing in self.model.things), self.why()

    def rare(self) -> Iterator[Callable[[], Step]]:
        yield self.coming_back
        yield self.deletion
        if self.units:
            yield from (self.serial, self.serial, self.transfer, self.transfer)

    def sale(self) -> Step:
        order, day, event = self.chance.choice(ORDERS), self.day(), self.id()
        serials = self.chance.choice([("A",), ("B",), (None,), ("A", None), ("A", "B")])
        line = a_line(quantity=len(serials), serials=[one for one in serials if one])
        told = a_sale(line, order=order, on=day, id=event)
        name = f"{event} sale {order} {day} {serials}"
        return name, lambda: self.model.sale(event, order, day, serials), told

    def registration(self) -> Step:
        serial, who = self.chance.choice(SERIALS), self.chance.choice(PEOPLE)
        day, event = self.day(), self.id()
        reference = f"reg-{who}-{self.chance.randrange(2)}"
        told = a_registration(serial, on=day, reference=reference, customer=who, id=event)
        name = f"{event} registration {reference} {serial} {day}"
        return name, lambda: self.model.registration(event, reference, serial, who, day), told

    def coming_back(self) -> Step:
        order, day, event = self.chance.choice(ORDERS), self.day(), self.id()
        serial = self.chance.choice((None, *SERIALS))
        lines = [{"serials": [serial]}] if serial else []
        told = a_return(*lines, order=order, on=day, reference=event, id=event)
        name = f"{event} return {order} {serial} {day}"
        return name, lambda: self.model.coming_back(event, order, serial, day), told

    def deletion(self) -> Step:
        order, event = self.chance.choice(ORDERS), self.id()
        told = a_deletion(order=order, id=event)
        return f"{event} deletion {order}", lambda: self.model.deletion(event, order), told

    def serial(self) -> Step:
        (thing, warranty), serial = self.unit(), self.chance.choice(SERIALS)
        event = self.id()
        told = a_serial(warranty, serial, id=event)
        name = f"{event} serial {serial} of {warranty}"
        return name, lambda: self.model.serial(event, thing, serial), told

    def transfer(self) -> Step:
        (thing, warranty), to, day = self.unit(), self.chance.choice(PEOPLE), self.day()
        event = self.id()
        told = a_transfer(warranty, customer=to, on=day, reference=event, id=event)
        name = f"{event} transfer {warranty} to {to} {day}"
        return name, lambda: self.model.transfer(event, thing, event, to, day), told

    def id(self) -> str:
        return f"e{len(self.steps):02}"

    def unit(self) -> tuple[Thing, str]:
        return self.chance.choice(list(self.units.values()))

    def meet(self) -> None:
        """Learn which of the hub's units each new one of the model is: both are born in one order."""
        known = {warranty for _, warranty in self.units.values()}
        new = [thing for thing in self.model.things if id(thing) not in self.units]
        born = [unit for unit in self.story.units if unit.id not in known]
        for thing in new:
            fitting = [unit for unit in born if unit.serial == thing.serial]
            assert fitting, self.why()
            born.remove(fitting[0])
            self.units[id(thing)] = (thing, fitting[0].id)

    def hubs(self) -> Counter[tuple[object, ...]]:
        """What the hub says of units that anybody still reports and no other one stands for."""
        merged = {pointer.instead_of for head in self.story.heads for pointer in head.pointers}
        told = (unit for unit in self.story.units if unit.reports and unit.id not in merged)
        return Counter(map(_told, told))

    def why(self) -> str:
        """What was told so far, and how both see it."""
        model = sorted(map(str, (thing.told for thing in self.model.things)))
        hub = sorted(map(str, map(_told, self.story.units)))
        return "\n".join([*self.told, "the model:", *model, "the hub:", *hub])


def _told(unit: Unit) -> tuple[object, ...]:
    dates = (unit.starts_on, unit.ends_on, unit.ended_on)
    return (unit.serial, unit.status, *dates, unit.customer)


def test_random_schedules_end_as_the_model_does() -> None:
    taken: Counter[Outcome] = Counter()
    for seed in range(SCHEDULES):
        schedule = Schedule(seed)
        for _ in range(STEPS):
            schedule.step()
        schedule.story.pass_days(10)
        assert schedule.hubs() == Counter(t.told for t in schedule.model.things), schedule.why()
        taken.update(schedule.story.outcomes)
    print(f"{SCHEDULES} schedules: {dict(taken)}")  # noqa: T201 - the figure
    assert min(taken[Outcome.APPLIED], taken[Outcome.DEDUPLICATED], taken[Outcome.REJECTED]) > 0


def test_the_model_notices_a_hub_that_forgets_to_extend() -> None:
    schedule = Schedule(0)
    schedule.story = Story()
    schedule.story.policies = [a_coverage(extended=None, transferable=True)]
    failed = False
    try:
        for _ in range(STEPS):
            schedule.step()
    except AssertionError:
        failed = True
    assert failed
