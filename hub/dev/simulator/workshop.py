"""A service centre: it files what customers bring, tells later what it forgot, and does what was decided."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx

from hub.dev.simulator.caller import Caller, Doc
from hub.dev.simulator.goods import WORKSHOP
from hub.dev.simulator.photo import PNG, photo
from hub.dev.simulator.said import Trouble

LOOKS, LOOK_SECONDS = 12, 0.7
"""The till that sold a unit may tell of it late, and so may the warehouse that has one to send."""
UNFINISHED = 0.15
"""So many repairs are never told to be done."""
STAGES = (("acknowledged", 0), ("received", 0), ("diagnosed", 0), ("repaired", 120_000))


@dataclass(slots=True)
class Pace:
    """How long people take for things; at the end of a day nobody takes any time."""

    is_closing: bool = False

    async def pause(self, seconds: float) -> None:
        """Wait, unless the day ends."""
        for _ in range(int(seconds * 10)):
            if self.is_closing:
                return
            await asyncio.sleep(0.1)


@dataclass(slots=True)
class Workshop:
    """Reports over HTTP with its key, each claim under its own number."""

    caller: Caller
    pace: Pace
    chance: random.Random
    heard: Counter[str]

    async def file(self, trouble: Trouble, body: Doc) -> Doc | None:
        """File it, once the unit is known; the claim as it then stands."""
        for number in range(LOOKS):
            answer = await self._told(trouble, f"filed-{number}", body)
            if answer is None or answer.status_code != httpx.codes.NOT_FOUND:
                return _claim(answer)
            await asyncio.sleep(LOOK_SECONDS)
        self.heard["claims_of_unknown_units"] += 1
        return None

    async def tell(self, trouble: Trouble, key: str, body: Doc) -> Doc | None:
        """Tell more of it, or the same again; the claim as it then stands."""
        return _claim(await self._told(trouble, key, body))

    async def show(self, warranty: str) -> list[str]:
        """Send a photo of the unit; its id, if it was taken."""
        found = await self.caller.send(f"/v1/warranties/{warranty}/media", photo(self.chance), PNG)
        return [found["id"]] if found else []

    async def answer(self, claim: str) -> None:
        """Pass on what the customer says."""
        body = {"text": "Since last week, every day."}
        await self.caller.say("POST", f"/v1/claims/{claim}/answers", f"answer-{claim}", body)

    async def lifted(self, claim: str) -> Doc | None:
        """The claim, once nothing blocks it any more."""
        for _ in range(LOOKS):
            found = await self.caller.read(f"/v1/claims/{claim}")
            if found and found["state"] != "staged":
                return found
            await asyncio.sleep(LOOK_SECONDS)
        return None

    async def settled(self, claim: str) -> Doc | None:
        """The claim, once the stock has answered for whatever it led to."""
        for _ in range(LOOKS):
            found = await self.caller.read(f"/v1/claims/{claim}")
            if found and all(one["state"] != "waiting" for one in found["effects"]):
                return found
            await asyncio.sleep(LOOK_SECONDS)
        return None

    async def work(self, effect: Doc, trouble: Trouble) -> None:
        """Do what was asked for; some of it is told twice."""
        if effect["kind"] == "repair":
            await self._repair(effect["id"], trouble)
            return
        new = {"serial": f"{trouble.serial}-R"} if effect["kind"] == "replacement" else {}
        await self._report(effect["id"], "acknowledged", reference=f"RO-{trouble.reference}")
        await self.pace.pause(self.chance.uniform(0, 2))
        for _ in range(self.chance.choice((1, 1, 2))):
            await self._report(effect["id"], "done", **new)

    async def _repair(self, effect: str, trouble: Trouble) -> None:
        for stage, cost in STAGES:
            amount = {"amount": cost, "currency": trouble.currency}
            await self._report(effect, stage, **({"cost": amount} if cost else {}))
            await self.pace.pause(self.chance.uniform(0, 1.5))
        if self.chance.random() > UNFINISHED:
            await self._report(effect, "sent_back")
            await self._report(effect, "done")

    async def bill(self, claim: str, trouble: Trouble) -> str | None:
        """Post what it cost to send the unit; the posting, if it was taken."""
        amount = {"amount": 15_000, "currency": trouble.currency}
        body = {"reference": f"B-{trouble.reference}", "kind": "shipping", "amount": amount}
        answer = await self.caller.say("POST", f"/v1/claims/{claim}/costs", f"bill-{claim}", body)
        return str(answer.json()["posting"]["id"]) if answer and answer.is_success else None

    async def _report(self, effect: str, state: str, **more: object) -> None:
        key = f"{state}-{self.chance.getrandbits(64):x}"
        path = f"/v1/effects/{effect}/outcome"
        await self.caller.say("POST", path, key, {"state": state, **more})

    async def _told(self, trouble: Trouble, key: str, body: Doc) -> httpx.Response | None:
        path = f"/v1/claims/{WORKSHOP}/{trouble.reference}"
        return await self.caller.say("PUT", path, f"{key}-{trouble.reference}", body)


def _claim(answer: httpx.Response | None) -> Doc | None:
    """What an answer tells of a claim; None where it was refused."""
    if answer is None or not answer.is_success:
        return None
    found: dict[str, Any] = answer.json()["claim"]
    return found
