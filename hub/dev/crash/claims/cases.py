"""What becomes of a claim: it is filed, lacks something that comes later, and is decided by people."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hub.dev.checker.claim_words import Word
from hub.dev.crash.claims import facts
from hub.dev.crash.claims.desk import Desk, Doc
from hub.dev.crash.claims.post import Post
from hub.dev.crash.claims.workshop import Workshop

OPEN = ("submitted", "under_review", "awaiting_info")
GRANTED = ("approved", "partially_approved", "resolved")
MUCH = 45_000
"""More than one person may grant."""
_SOON_SECONDS = 6
_LOOKS = 12


@dataclass(slots=True)
class Cases:
    """Tells one case at a time from its beginning to its end."""

    desk: Desk
    post: Post
    workshop: Workshop
    chance: random.Random

    async def case(self, order: str) -> None:
        """A unit is sold, breaks, and is claimed; people decide, and others do as they say."""
        decide, product = self.chance.choice(DECISIONS)
        issue = self.chance.choice(("noise", "screen", "power", "hinge"))
        serial = f"CN-{order}"
        if not await self._sold(order, product, serial, issue):
            return
        claim = await self._filed(order, serial, issue)
        if claim is None or not await self._proven(order, product, serial, issue):
            return
        if await self._comes_to(claim, *OPEN) is None:
            self.desk.figures["claims_slow"] += 1
            return
        await self._looked_at(claim)
        await decide(self, claim)
        await self.workshop.work(claim, product, serial)

    async def _sold(self, order: str, product: str, serial: str, issue: str) -> bool:
        tell = facts.registration if issue == "power" else facts.sale
        return await self.post.tell(tell(order, product, serial))

    async def _filed(self, order: str, serial: str, issue: str) -> str | None:
        """Told until it is known: a claim may overtake the sale of its unit, and is refused then."""
        name = f"{facts.WORKSHOP}/C-{order}"
        for number in range(_LOOKS):
            event = facts.filing(order, serial, issue, number, ())
            if await self.post.tell(event):
                self.desk.words.append(Word("filed", name, event=event.id))
            found = await self.desk.until(lambda: self._named(order), _SOON_SECONDS)
            if found is not None:
                self.desk.figures["claims_found"] += 1
                return str(found["id"])
        self.desk.wrong.append(f"{name} was filed {_LOOKS} times and is not there")
        return None

    async def _named(self, order: str) -> Doc | None:
        about = {"source": facts.WORKSHOP, "reference": f"C-{order}"}
        page = await self.desk.read("/v1/claims", **about)
        return page["claims"][0] if page and page["claims"] else None

    async def _proven(self, order: str, product: str, serial: str, issue: str) -> bool:
        """What it lacks comes, from whichever system."""
        await asyncio.sleep(self.chance.uniform(0, 2))
        if issue == "power":
            told = await self.post.tell(facts.sale(order, product, serial))
        elif issue == "hinge":
            moved = facts.movement(f"out-{order}", product, -1, serial)
            told = await self.post.tell_catalog(moved)
        elif issue == "screen":
            told = await self._shown(order, serial)
        else:
            told = True
        if told:
            self.desk.words.append(Word("goes_on", f"{facts.WORKSHOP}/C-{order}"))
        return told

    async def _shown(self, order: str, serial: str) -> bool:
        photo = f"med_{self.chance.getrandbits(128):032x}"
        event = facts.filing(order, serial, "screen", _LOOKS, (photo,))
        if not await self.post.tell(event):
            return False
        self.desk.words.append(Word("piece", f"{facts.WORKSHOP}/C-{order}", photo, event=event.id))
        return True

    async def _comes_to(self, claim: str, *states: str) -> Doc | None:
        async def look() -> Doc | None:
            found = await self.desk.read(f"/v1/claims/{claim}")
            return found if found is not None and found["state"] in states else None

        return await self.desk.until(look)

    async def _looked_at(self, claim: str) -> None:
        if self.chance.random() < 0.5:  # noqa: PLR2004 - half of them
            why = self._why()
            await self.desk.act(
                self._somebody(), "review", claim, f"/v1/claims/{claim}/review", why, why=why
            )
        for _ in range(self.chance.choice((0, 0, 1, 2))):
            await self.desk.act(
                self._somebody(), "note", claim, f"/v1/claims/{claim}/notes", text="The third."
            )

    def _somebody(self) -> str:
        return self.chance.choice(("manager", "owner"))

    def _why(self) -> str:
        """A reason that no other has, by which it is found again."""
        return f"seen, {self.chance.getrandbits(48):x}"

    async def approve(self, claim: str, who: str, kind: str, amount: int | None = None) -> None:
        """One person approves, perhaps as the first of two."""
        why = self._why()
        wanted = {"kind": kind} | ({"amount": facts.money(amount)} if amount else {})
        path = f"/v1/claims/{claim}/approve"
        await self.desk.act(who, "approve", claim, path, why, resolutions=[wanted], why=why)

    async def deny(self, claim: str, who: str) -> None:
        """One person denies."""
        why, path = self._why(), f"/v1/claims/{claim}/deny"
        await self.desk.act(who, "deny", claim, path, why, reason="customer_damage", why=why)

    async def repair(self, claim: str) -> None:
        """Somebody approves alone."""
        await self.approve(claim, self._somebody(), "repair")

    async def refund(self, claim: str) -> None:
        """Somebody approves alone, and money is paid back."""
        # Where no amount is said, it is what the till told.
        amount = self.chance.choice((None, facts.PRICE))
        await self.approve(claim, self._somebody(), "refund", amount)

    async def by_two(self, claim: str) -> None:
        """It takes two, one after the other or at the same moment."""
        both = [self.approve(claim, who, "replacement", MUCH) for who in ("manager", "owner")]
        if self.chance.random() < 0.5:  # noqa: PLR2004 - half of them
            await asyncio.gather(*both)
        else:
            for one in both:
                await one

    async def denied(self, claim: str) -> None:
        """Nothing is granted."""
        await self.deny(claim, self._somebody())

    async def both_at_once(self, claim: str) -> None:
        """One approves and one denies at the same moment: one decision stands."""
        await asyncio.gather(self.approve(claim, "manager", "repair"), self.deny(claim, "owner"))

    async def asked(self, claim: str) -> None:
        """The customer is asked and answers by the workshop, then somebody approves."""
        path = f"/v1/claims/{claim}/questions"
        await self.desk.act(self._somebody(), "question", claim, path, text="Since when?")
        answer = facts.of_claim(
            "claim.answered.v1", claim, f"answer-{claim}", claim=claim, words="Since Monday."
        )
        if await self.post.tell(answer):
            await self._comes_to(claim, "under_review", *GRANTED)
            await self.refund(claim)

    async def short(self, claim: str) -> None:
        """There is none to send, so something else is granted in its place."""
        await self.approve(claim, self._somebody(), "replacement", facts.PRICE)

        async def look() -> Doc | None:
            found = await self.desk.read(f"/v1/claims/{claim}")
            states = [one["state"] for one in found["effects"]] if found else []
            return found if states == ["failed"] else None

        if await self.desk.until(look) is None:
            self.desk.wrong.append(f"{claim}: a replacement without stock never failed")
            return
        await self.refund(claim)


DECISIONS: list[tuple[Callable[[Cases, str], Awaitable[None]], str]] = [
    (Cases.repair, facts.PRODUCT),
    (Cases.refund, facts.PRODUCT),
    (Cases.by_two, facts.PRODUCT),
    (Cases.by_two, facts.PRODUCT),
    (Cases.denied, facts.PRODUCT),
    (Cases.both_at_once, facts.PRODUCT),
    (Cases.asked, facts.PRODUCT),
    (Cases.short, facts.EMPTY),
]
"""How a claim is decided, and of what product it is."""
