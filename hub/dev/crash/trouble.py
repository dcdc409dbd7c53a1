"""What goes wrong beside the kills: something is away and comes back, code breaks and is mended.

What that leaves behind is held, looked at, released and redriven in bulk while everything is killed.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from hub.dev.checker import Report
from hub.dev.checker.findings import WRONG, Findings
from hub.dev.crash.installation import Installation
from hub.dev.crash.tally.check import check_tally
from hub.dev.crash.tally.events import Counted, Landed, counted, publisher
from hub.dev.crash.tally.processor import AWAY, BROKEN, INTAKE
from hub.dev.crash.tally.rest import taken
from hub.dev.crash.tally.stage import World, database
from hub.domain.errors import HubError
from hub.recovery import bulk, wishes
from hub.recovery.choosing import Filter
from hub.recovery.spot import NotPossibleError, Spot

RATE, KEYS = 40, 400
"""Events a second, and keys they are of."""
NEEDS, WEIGHTS = ("", AWAY, BROKEN), (80, 12, 8)
WRONG_SECONDS, WELL_SECONDS = (1.0, 4.0), (1.0, 3.0)
REDRIVE_RATE = 50
DEAD = Filter(topic=INTAKE.name, state="dead_lettered")
WHO = "operator"
_AGAIN_SECONDS = 3
_ON_HOLD = 'select part, "offset" from item where topic = $1 and on_hold is not null'
_FAILED = """
select part, "offset" from item
 where topic = $1 and state in ('retrying', 'dead_lettered') and on_hold is null order by random() limit 1"""
_STATES = "select state, count(*) as n from item where topic = $1 group by state"
_REDRIVEN = "select count(*) from staff_action where verb = 'redrive' and topic = $1"


@dataclass(slots=True)
class Trouble:
    """Events of a tally, what befalls it, and the people who mend it."""

    place: Installation
    world: World
    chance: random.Random
    figures: Counter[str] = field(default_factory=Counter)
    landed: Landed = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """Whether everything that should happen did."""
        return all(
            self.figures[f"tally_{what}"]
            for what in ("away", "broken", "retrying", "held", "on_hold", "redriven")
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop, then hear every answer."""
        async with publisher(self.place.kafka.bootstrap, self.place.partitions) as sending:
            await asyncio.gather(sending.send(self._events(stop), RATE), self._turns(stop))
        self.landed = sending.landed

    def _events(self, stop: asyncio.Event) -> Iterator[Counted]:
        told: Counter[str] = Counter()
        while not stop.is_set():
            key = f"k{self.chance.randrange(KEYS)}"
            told[key] += 1
            (needs,) = self.chance.choices(NEEDS, WEIGHTS)
            yield counted(key, told[key], needs=needs)

    async def _turns(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            what = self.chance.choice((AWAY, BROKEN))
            self.world.take(what)
            await asyncio.sleep(self.chance.uniform(*WRONG_SECONDS))
            # Whatever is asked of a hub that is being killed may fail, and is asked again later.
            with suppress(HubError):
                await self._hold_one()
            self.world.give_back(what)
            self.figures[f"tally_{what}"] += 1
            with suppress(HubError):
                await self._redrive(REDRIVE_RATE)
            await asyncio.sleep(self.chance.uniform(*WELL_SECONDS))
            with suppress(HubError):
                await self._release_all()

    async def _hold_one(self) -> None:
        async with database(self.place) as db:
            for row in await db.fetch(_STATES, INTAKE.name):
                self.figures[f"tally_{row['state']}"] += row["n"]
            for row in await db.fetch(_FAILED, INTAKE.name):
                spot = Spot(INTAKE.name, row["part"], row["offset"])
                await wishes.hold(db, spot, "let me look at it", by=WHO)
                self.figures["tally_on_hold"] += 1

    async def _release_all(self) -> None:
        async with database(self.place) as db:
            for row in await db.fetch(_ON_HOLD, INTAKE.name):
                spot = Spot(INTAKE.name, row["part"], row["offset"])
                with suppress(NotPossibleError):
                    await wishes.release(db, spot, "looked at", by=WHO)

    async def _redrive(self, rate: float) -> None:
        async with database(self.place) as db:
            await bulk.begin(db, DEAD, "the counting house is mended", by=WHO, rate=rate)

    async def mend(self, seconds: float) -> None:
        """All is well again: redrive what is left until nothing waits, for so long at most."""
        self.world.give_back(AWAY)
        self.world.give_back(BROKEN)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await self._release_all()
            await self._redrive(10 * REDRIVE_RATE)
            with suppress(TimeoutError):
                await taken(self.place, _AGAIN_SECONDS, items=False)
                break
        async with database(self.place) as db:
            self.figures["tally_redriven"] = await db.fetchval(_REDRIVEN, INTAKE.name)

    async def judged(self, report: Report) -> Report:
        """The report with what is wrong with the tally added."""
        findings = Findings()
        tables = await check_tally(self.place, self.landed, findings)
        self.figures["tally_sent"] = len(self.landed)
        self.figures["tally_applied"] = tables.total("applied")
        wrong = {kind: report.figures[kind] + findings.counts[kind] for kind in WRONG}
        examples = dict(report.examples)
        for kind, found in findings.examples.items():
            examples[kind] = [*examples.get(kind, []), *found]
        return Report(report.figures | wrong, examples)
