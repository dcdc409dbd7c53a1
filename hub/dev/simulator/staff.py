"""The merchant's own people: they sign in, lay down the rules, and decide what the service centre files."""

import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from hub.access.permissions import Role
from hub.dev.simulator.caller import Caller, Doc
from hub.dev.simulator.policies import POLICIES, WHY

MANAGER, OWNER, FINANCE = Role.WARRANTY_MANAGER, Role.OWNER, Role.FINANCE_USER
SIGNED_IN_SECONDS = 480
"""An access token is good for ten minutes."""
REPAIR = 150_000
"""What a repair is expected to cost, in minor units."""
LEFT, TAKEN, NOTED, DENIED, ONE_OF_TWO = 0.1, 0.4, 0.2, 0.15, 0.2
"""How often nobody comes to a claim, somebody says that he looks at it, writes a note, denies it; and how often the
second of two does not come to it."""
DENIALS = ("customer_damage", "no_defect", "not_covered")
MADE = (httpx.codes.OK, httpx.codes.CREATED)
SECOND = {MANAGER: OWNER, OWNER: MANAGER}


def address(tenant: str, role: Role) -> str:
    """Under what somebody signs in."""
    return f"{role.replace('_', '.')}@{tenant}.example"


@dataclass(slots=True)
class Person:
    """Signs in by password, and again before that ends."""

    tenant: str
    role: Role
    password: str
    api: str
    client: httpx.AsyncClient
    _token: str = ""
    _until: float = 0.0

    async def authorize(self) -> str:
        """What is shown at the door; nothing while nobody lets anybody in."""
        if time.monotonic() > self._until:
            asked = {"tenant": self.tenant, "email": address(self.tenant, self.role)}
            answer = await self.client.post(
                f"{self.api}/v1/auth/login", json={**asked, "password": self.password}
            )
            if not answer.is_success:
                return ""
            self._token = answer.json()["access_token"]
            self._until = time.monotonic() + SIGNED_IN_SECONDS
        return f"Bearer {self._token}"


@dataclass(slots=True)
class Staff:
    """A manager, an owner and somebody of finance."""

    people: Mapping[Role, Caller]
    currency: str
    chance: random.Random
    heard: Counter[str]

    async def publish(self) -> bool:
        """Lay down each policy that nobody has laid down yet; whether all of them are there."""
        owner = self.people[OWNER]
        listed = await owner.read("/v1/policies")
        if listed is None:
            return False
        there = {one["name"] for one in listed["policies"] if one["last"]}
        for name in POLICIES.keys() - there:
            body = {"document": POLICIES[name], "why": WHY, "expects_version": 0}
            answer = await owner.say("POST", f"/v1/policies/{name}", f"demo-{name}", body)
            # Where somebody was quicker, his version counts.
            if answer is None or answer.status_code not in {*MADE, httpx.codes.CONFLICT}:
                return False
            self.heard["policies_published"] += answer.status_code == httpx.codes.CREATED
        return True

    async def ask(self, claim: str) -> bool:
        """Ask the customer something; whether it was asked."""
        return await self._do(MANAGER, claim, "questions", text="Since when, and how often?")

    async def decide(self, claim: str, wanted: str) -> None:
        """Look at it, and grant what the customer would like, deny it, or do not come to it."""
        who = self.chance.choice((MANAGER, MANAGER, OWNER))
        if self._happens(TAKEN):
            await self._do(who, claim, "review", why="it is on my desk")
        if self._happens(NOTED):
            await self._do(MANAGER, claim, "notes", text="The third of this batch.")
        if self._happens(LEFT):
            return
        if self._happens(DENIED):
            reason = self.chance.choice(DENIALS)
            await self._do(who, claim, "deny", reason=reason, why="as our technician says")
        else:
            await self.grant(claim, wanted, who)

    async def grant(self, claim: str, wanted: str, who: Role = MANAGER) -> None:
        """Approve it, with a second person where the limits ask for that."""
        one: Doc = {"kind": wanted}
        if wanted == "repair":
            one["amount"] = {"amount": REPAIR, "currency": self.currency}
        body: Doc = {"resolutions": [one], "why": "a fault of the unit"}
        answer = await self._say(who, claim, "approve", body)
        if answer is None or not answer.is_success or "approval" not in answer.json():
            return
        self.heard["claims_half_approved"] += 1
        if not self._happens(ONE_OF_TWO):
            await self._say(SECOND[who], claim, "approve", body)

    async def override(self, claim: str) -> bool:
        """Let it be decided whatever blocks it; whether that was within the allowance."""
        amount = {"amount": REPAIR, "currency": self.currency}
        return await self._do(
            OWNER, claim, "override", amount=amount, why="a customer of many years"
        )

    async def verify(self, claim: str, posting: str) -> None:
        """Somebody of finance has checked what a claim cost."""
        await self._do(FINANCE, claim, f"costs/{posting}/verify", why="as the bill says")

    async def _do(self, who: Role, claim: str, act: str, **body: object) -> bool:
        answer = await self._say(who, claim, act, body)
        return answer is not None and answer.is_success

    async def _say(
        self, who: Role, claim: str, act: str, body: Mapping[str, object]
    ) -> httpx.Response | None:
        key = f"{act}-{self.chance.getrandbits(64):x}"
        return await self.people[who].say("POST", f"/v1/claims/{claim}/{act}", key, body)

    def _happens(self, likelihood: float) -> bool:
        return self.chance.random() < likelihood
