"""A service centre that does what was decided: it takes it on, tells each stage and what it cost, sends new units."""

import asyncio
import random
from dataclasses import dataclass

from hub.dev.checker.claim_words import Word
from hub.dev.crash.claims import facts
from hub.dev.crash.claims.desk import Desk, Doc
from hub.dev.crash.claims.post import Post
from hub.dev.crash.diary import Diary
from hub.dev.crash.installation import TENANT
from hub.dev.crash.stories import Event
from schemas.refs import serial_home

KEY = "partner"
STAGES = (("received", 0), ("diagnosed", 0), ("repaired", 3_000), ("sent_back", 3_500))
AT_ONCE = 0.3
"""So many new units are told by two people at the same moment, each with another serial."""


@dataclass(slots=True)
class Workshop:
    """Reports by topic and over HTTP, some of it out of order and more than once."""

    desk: Desk
    post: Post
    diary: Diary
    chance: random.Random

    async def work(self, claim: str, product: str, serial: str) -> None:
        """Everything that a claim led to, until it is done."""
        for effect in await self._effects(claim):
            if effect["kind"] == "repair":
                await self._repair(claim, effect["id"])
            elif effect["kind"] == "replacement":
                await self._replace(effect["id"], product, serial)
            else:
                await self._report(effect["id"], "acknowledged", reference="CN-1")
                await self._report(effect["id"], "done")

    async def _effects(self, claim: str) -> list[Doc]:
        """What is to be done, once the stock has answered for all of it."""

        async def look() -> Doc | None:
            found = await self.desk.read(f"/v1/claims/{claim}")
            waits = found is None or any(one["state"] == "waiting" for one in found["effects"])
            return None if waits else found

        found = await self.desk.until(look)
        if found is None:
            self.desk.wrong.append(f"{claim}: the stock never answered")
            return []
        return [one for one in found["effects"] if one["state"] == "requested"]

    async def _report(self, effect: str, state: str, **more: object) -> bool:
        """Over HTTP; whether it was news."""
        path, body = f"/v1/effects/{effect}/outcome", {"state": state, **more}
        self.desk.figures["claims_reports"] += 1
        return await self.desk.act(KEY, "report", effect, path, state, **body) is not None

    async def _repair(self, claim: str, effect: str) -> None:
        stages = list(STAGES)
        if self.chance.random() < 0.4:  # noqa: PLR2004 - so many are told out of order
            self.chance.shuffle(stages)
        for stage, cost in stages:
            if self.chance.random() < 0.5:  # noqa: PLR2004 - half by either way
                more = {"cost": facts.money(cost)} if cost else {}
                await self._report(effect, stage, **more)
            else:
                await self._tell(effect, stage, cost)
        await self._bill(claim)
        await self._tell(effect, "done", 0)
        await self._report(effect, "done")

    async def _tell(self, effect: str, state: str, cost: int) -> None:
        name = f"{state}-{effect}-{self.chance.getrandbits(32):x}"
        more = {"cost": facts.money(cost)} if cost else {}
        event = facts.of_claim(
            "effect.reported.v1", effect, name, effect=effect, state=state, **more
        )
        if await self.post.tell(event):
            self.desk.figures["claims_reports"] += 1
            self.desk.words.append(Word("report", effect, state, event=event.id))

    async def _bill(self, claim: str) -> None:
        """A bill is posted by topic, under one reference, perhaps in two events."""
        reference, amount = f"B-{claim}", self.chance.randrange(100, 5_000)
        for number in range(self.chance.choice((1, 2))):
            event = facts.of_claim(
                "cost.posted.v1", claim, f"{reference}-{number}", claim=claim, kind="parts",
                reference=reference, amount=facts.money(amount),
            )  # fmt: skip
            if await self.post.tell(event):
                value = f"{facts.WORKSHOP}/{reference}={amount}"
                self.desk.words.append(Word("posting", claim, value, event=event.id))

    async def _replace(self, effect: str, product: str, serial: str) -> None:
        await self._report(effect, "acknowledged", reference="RO-1")
        at_once = self.chance.random() < AT_ONCE
        new = [f"{serial}-N{number}" for number in range(2 if at_once else 1)]
        await asyncio.gather(*(self._sent(effect, product, serial, one) for one in new))

    async def _sent(self, effect: str, product: str, old: str, new: str) -> None:
        """The unit whose serial was taken is covered, and the old one ends."""
        unit, ends = facts.unit_key(product, new), facts.unit_key(product, old)
        event = Event(
            f"sent-{effect}-{new}", "effect.reported.v1", KEY, effect,
            serial_home(TENANT, new.casefold()), b"{}", (unit,), (ends,), has_place=False,
        )  # fmt: skip
        unknown = len(self.desk.wrong)
        if await self._report(effect, "done", serial=new):
            self.desk.figures["claims_units_sent"] += 1
            self.diary.promised(event)
        elif len(self.desk.wrong) > unknown:
            self.diary.failed(event)
