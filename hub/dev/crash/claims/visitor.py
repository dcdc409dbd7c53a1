"""Everybody who has to do with claims, for as long as a run lasts."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from hub.access.admission import Admission, admission
from hub.access.keyring import Keyring
from hub.access.keys import COMMAND
from hub.access.people import Invitation, invite
from hub.access.permissions import Role
from hub.access.post import Wording
from hub.access.sessions import begin
from hub.adapters.postgres import connect, connect_for_tenants
from hub.dev.checker.claim_words import Word
from hub.dev.crash.claims import facts
from hub.dev.crash.claims.cases import Cases
from hub.dev.crash.claims.desk import Desk, Token
from hub.dev.crash.claims.post import Post, posting
from hub.dev.crash.claims.workshop import KEY, Workshop
from hub.dev.crash.diary import Diary
from hub.dev.crash.fleet import Fleet
from hub.dev.crash.installation import TENANT, Installation
from hub.settings import DEVELOPMENT_KEY

RATE = 1.0
MOST_AT_ONCE = 25
FRESH_SECONDS = 120
STAFF = {"manager": Role.WARRANTY_MANAGER, "owner": Role.OWNER}
ACTIVE = "update person set state = 'active' where id = $1"
_TICK_SECONDS = 0.1
POLICIES: dict[str, dict[str, Any]] = {
    "approval": {
        "limits": [
            {"role": "warranty_manager", "up_to": facts.money(20_000)},
            {"role": "owner", "up_to": facts.money(500_000)},
        ],
        "four_eyes_above": [facts.money(40_000)],
    },
    "evidence": {
        "default": {},
        "by_issue": {
            "power": {"required": ["pos_invoice"], "expires_days": 30},
            "screen": {"required": ["photos"], "expires_days": 30},
            "hinge": {"required": ["stock_movement"], "expires_days": 30},
        },
    },
}


@dataclass(slots=True)
class Claims:
    """Files, decides and works on claims; what was accepted stands in `words`."""

    place: Installation
    fleet: Fleet
    key: str
    diary: Diary
    chance: random.Random
    run_name: str
    desk: Desk | None = None
    _busy: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def figures(self) -> Counter[str]:
        """What was done."""
        return self.desk.figures if self.desk else Counter()

    @property
    def wrong(self) -> list[str]:
        """What a door answered that it must never answer."""
        return self.desk.wrong if self.desk else []

    @property
    def words(self) -> list[Word]:
        """What the checker has to find."""
        return self.desk.words if self.desk else []

    @property
    def counts(self) -> bool:
        """Whether everything that should happen did."""
        done = ("half", "approve", "deny", "question", "note", "review", "report", "refused")
        return all(self.figures[f"claims_acts_{what}"] for what in done)

    async def run(self, stop: asyncio.Event) -> None:
        """Begin cases until told to stop, then bring each to its end."""
        bootstrap = self.place.kafka.bootstrap
        async with (
            posting(bootstrap, self.diary, self.chance) as post,
            self._open_desk() as desk,
        ):
            self.desk = desk
            await self._furnish(desk, post)
            workshop = Workshop(desk, post, self.diary, self.chance)
            cases = Cases(desk, post, workshop, self.chance)
            began, count = time.monotonic(), 0
            while not stop.is_set():
                due = count < (time.monotonic() - began) * RATE
                if due and len(self._busy) < MOST_AT_ONCE:
                    count += 1
                    task = asyncio.create_task(cases.case(f"{self.run_name}-{count:05d}"))
                    self._busy.add(task)
                    task.add_done_callback(partial(self._busy.discard))
                await asyncio.sleep(_TICK_SECONDS)
            await asyncio.gather(*self._busy)

    async def _furnish(self, desk: Desk, post: Post) -> None:
        """Have the rules in force and the products in stock by which these claims are decided."""
        for name, document in POLICIES.items():
            path, why = f"/v1/policies/{name}", "for claims"
            told = await desk.publish(path, document=document, why=why)
            if not told:
                desk.wrong.append(f"{path} was not published")
        for event in (
            facts.described(facts.PRODUCT),
            facts.described(facts.EMPTY),
            facts.movement("in-1", facts.PRODUCT, facts.ENOUGH),
        ):
            await post.tell_catalog(event)

    @asynccontextmanager
    async def _open_desk(self) -> AsyncIterator[Desk]:
        database, keyring = await connect(self.place.dsn, size=1), Keyring(DEVELOPMENT_KEY.encode())
        tenants = await connect_for_tenants(self.place.dsn, size=2)
        try:
            admitting = admission(tenants, keyring)
            tokens: dict[str, Token] = {KEY: self._the_key}
            people: dict[str, str] = {}
            for name, role in STAFF.items():
                async with database.transaction() as queries:
                    asked = Invitation(TENANT, f"{name}@staff.example", role)
                    people[name] = await invite(queries, keyring, asked, COMMAND, Wording(""))
                    await queries.execute(ACTIVE, people[name])
                    begun = await begin(queries, TENANT, people[name], role)
                tokens[name] = Fresh(admitting, begun).token
            async with httpx.AsyncClient(timeout=20) as http:
                yield Desk(self.fleet, http, tokens, people, self.chance)
        finally:
            await tenants.close()
            await database.close()

    async def _the_key(self) -> str:
        return self.key


@dataclass(slots=True)
class Fresh:
    """A token of somebody who is signed in: a new one before it ends."""

    admitting: Admission
    begun: Any
    _token: str = ""
    _made: float = 0

    async def token(self) -> str:
        """One that is good for a while."""
        if not self._token or time.monotonic() - self._made > FRESH_SECONDS:
            self._token, self._made = (
                await self.admitting.access_token(self.begun),
                time.monotonic(),
            )
        return self._token
