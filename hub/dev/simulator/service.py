"""Customers at the service centre of a merchant: each brings a unit, and his claim goes its way."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from hub.dev.simulator.caller import Doc
from hub.dev.simulator.said import Trouble
from hub.dev.simulator.staff import Staff
from hub.dev.simulator.workshop import Pace, Workshop

A_CLAIM_SECONDS = 1.0
"""At most one claim in so long."""
KEPT = 10
"""So many wait; whoever comes then goes elsewhere."""
LAST_SECONDS = 25.0
"""So long people stay when the day ends."""
BARE, FORGOTTEN, REPEATED, ASKED, ANSWERED, LIFTED = 0.4, 0.25, 0.2, 0.15, 0.6, 0.5
"""How often a claim comes without description and photo, and how often they never come; how often a claim is told
twice, the customer is asked, and answers; and how often something that blocks a claim is lifted."""
WORDS = "It stopped in the middle of the day, and does not come back."
TO_DECIDE = ("submitted", "under_review")


@dataclass(slots=True)
class Service:
    """Takes one customer after the other, and sees to several claims at once."""

    workshop: Workshop
    staff: Staff
    pace: Pace
    chance: random.Random
    heard: Counter[str]
    _waiting: "asyncio.Queue[Trouble]" = field(default_factory=lambda: asyncio.Queue(KEPT))
    _claims: set[asyncio.Task[None]] = field(default_factory=set)

    async def tell(self, trouble: Trouble) -> None:
        """Let somebody in, where there is room."""
        if self._waiting.full():
            self.heard["claims_taken_elsewhere"] += 1
        else:
            self._waiting.put_nowait(trouble)

    async def settle(self) -> None:
        """Everybody who came is seen to, within what a day has left."""
        self.pace.is_closing = True
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self._waiting.join()
                while self._claims:
                    await asyncio.wait(self._claims)
        except TimeoutError:
            self.heard["claims_left_at_the_end"] += len(self._claims) + self._waiting.qsize()

    async def run(self) -> None:
        """Lay down the rules, then take customers until cancelled."""
        while not await self.staff.publish():  # noqa: ASYNC110 - until somebody answers
            await asyncio.sleep(A_CLAIM_SECONDS)
        async with asyncio.TaskGroup() as group:
            while True:
                task = group.create_task(self._claim(await self._waiting.get()))
                self._claims.add(task)
                task.add_done_callback(self._claims.discard)
                self._waiting.task_done()
                await asyncio.sleep(A_CLAIM_SECONDS)

    async def _claim(self, trouble: Trouble) -> None:
        claim = await self._filed(trouble)
        if claim is None:
            return
        self.heard["claims_filed"] += 1
        if claim["state"] == "staged":
            claim = await self._unblocked(trouble, claim)
        if claim["state"] in TO_DECIDE:
            await self._decided(trouble, claim["id"])
        await self._worked(trouble, claim["id"])

    async def _filed(self, trouble: Trouble) -> Doc | None:
        is_bare = self._happens(BARE)
        body = trouble.filed() | ({} if is_bare else {"description": WORDS})
        claim = await self.workshop.file(trouble, body)
        if claim is not None and self._happens(REPEATED):
            claim = await self.workshop.tell(trouble, "again", body) or claim
        if claim is None or not is_bare or self._happens(FORGOTTEN):
            return claim
        await self.pace.pause(self.chance.uniform(1, 6))
        more = trouble.told({"description": WORDS})
        return await self.workshop.tell(trouble, "described", more) or claim

    async def _unblocked(self, trouble: Trouble, claim: Doc) -> Doc:
        """What it lacks is sent, or what blocks it is lifted; the claim as it then stands."""
        if "photos" in claim["missing"]:
            await self.pace.pause(self.chance.uniform(1, 4))
            photos = await self.workshop.show(claim["warranty"])
            more = trouble.told({"photos": photos})
            return await self.workshop.tell(trouble, "shown", more) or claim
        if claim["blocked"] == ["stock_different"] and self._happens(LIFTED):
            lifted = await self.staff.override(claim["id"])
            return await self.workshop.lifted(claim["id"]) or claim if lifted else claim
        return claim

    async def _decided(self, trouble: Trouble, claim: str) -> None:
        await self.pace.pause(self.chance.uniform(0, 4))
        if self._happens(ASKED) and await self.staff.ask(claim):
            if not self._happens(ANSWERED):
                return
            await self.workshop.answer(claim)
        await self.staff.decide(claim, trouble.wants)

    async def _worked(self, trouble: Trouble, claim: str) -> None:
        """What was decided is done; where there is no unit to send, the money goes back."""
        found = await self.workshop.settled(claim)
        if found and [one["state"] for one in found["effects"]] == ["failed"]:
            await self.staff.grant(claim, "refund")
            found = await self.workshop.settled(claim)
        asked = [one for one in found["effects"] if one["state"] == "requested"] if found else []
        for effect in asked:
            await self.workshop.work(effect, trouble)
            posting = await self.workshop.bill(claim, trouble)
            if posting and self._happens(ANSWERED):
                await self.staff.verify(claim, posting)

    def _happens(self, likelihood: float) -> bool:
        return self.chance.random() < likelihood
