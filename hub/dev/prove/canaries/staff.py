"""What staff do about made-up people: they invite them, note, mend, replay, decide and lay down rules."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from hub.access.keyring import Keyring
from hub.access.people import Invitation, invite
from hub.access.permissions import Role
from hub.access.post import Wording
from hub.access.single_use import INVITE, offer
from hub.adapters.postgres import Database
from hub.audit.entries import By
from hub.dev.crash.installation import TENANT
from hub.dev.prove.canaries import claims
from hub.dev.prove.canaries.doors import Ear
from hub.dev.prove.canaries.people import ALL, EMAILS, NAMES, PHONES

OWNER, PASSWORD = "owner@staff.example", "a sentence nobody guesses"
BECAUSE = f"{EMAILS[0]} called from {PHONES[0]}"
COVERAGE = {"default": {"standard": {"months": 24, "type": "repair"}}}
SPOTS = 'select distinct on (topic, state) topic, part, "offset", version from item order by topic, state, 2, 3'
WARRANTY = "select id from unit where tenant = $1 and status = 'active' limit 1"


@dataclass(slots=True)
class Staff:
    """Signed in as an owner, with the key of a system admin."""

    ear: Ear
    api: str
    database: Database
    keyring: Keyring

    async def all(self) -> None:
        """Whatever they can say, with somebody in it."""
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            owner = await self._signed_in(http)
            asked = {"principal": "desk", "role": "system_admin"}
            answer = await http.post(f"{self.api}/v1/keys", headers=owner, json=asked)
            admin = {"authorization": f"Bearer {answer.json()['key']}"}
            await self._people(http, owner)
            await self._items(http, admin)
            await self._replays(http, admin)
            await self._by_hand(http, owner)
            await claims.decide(http, self.ear, self.api, owner)

    async def _signed_in(self, http: httpx.AsyncClient) -> dict[str, str]:
        invited, by = Invitation(TENANT, OWNER, Role.OWNER), By(kind="operator", id="proof")
        wording = Wording("http://127.0.0.1")
        person = await invite(self.database, self.keyring, invited, by, wording)
        token = await offer(self.database, TENANT, person, INVITE)
        auth = f"{self.api}/v1/auth"
        chosen = {"token": token, "password": PASSWORD}
        (await http.post(f"{auth}/reset", json=chosen)).raise_for_status()
        shown = {"tenant": TENANT, "email": OWNER, "password": PASSWORD}
        answer = (await http.post(f"{auth}/login", json=shown)).raise_for_status()
        return {"authorization": f"Bearer {answer.json()['access_token']}"}

    async def _people(self, http: httpx.AsyncClient, owner: dict[str, str]) -> None:
        for n, email in enumerate(EMAILS):
            # An owner is told whom he has invited.
            asked = {"email": email, "role": "customer"}
            await self._posted(http, owner, "/v1/people", asked, heard_from=400)
            await self._posted(http, {}, "/v1/auth/forgot", {"tenant": TENANT, "email": email})
            shown = {"tenant": TENANT, "email": email, "password": NAMES[n]}
            await self._posted(http, {}, "/v1/auth/login", shown)
        wrong = {"email": NAMES[0], "role": EMAILS[0], NAMES[1]: PHONES[0]}
        await self._posted(http, owner, "/v1/people", wrong)
        whom = {"by": "email", "value": NAMES[0], "reason": BECAUSE}
        await self._posted(http, owner, "/v1/privacy/erasures", whom)

    async def _items(self, http: httpx.AsyncClient, admin: dict[str, str]) -> None:
        for row in await self.database.fetch(SPOTS):
            spot = f"/v1/items/{row['topic']}/{row['part']}/{row['offset']}"
            await self._posted(http, admin, f"{spot}/rehearsal", {})
            await self._posted(http, admin, f"{spot}/notes", {"code": "other", "text": BECAUSE})
            text = json.dumps({"customer": {"name": NAMES[0]}, "all": ALL})
            seen = admin | {"if-match": "*"}
            mended = {"text": text, "reason": BECAUSE}
            await self._posted(http, seen, f"{spot}/payload", mended, method="PUT")
            await self._posted(http, admin, f"{spot}/hold", {"reason": BECAUSE})
            await self._posted(http, admin, f"{spot}/redrive", {"reason": BECAUSE})

    async def _replays(self, http: httpx.AsyncClient, admin: dict[str, str]) -> None:
        for dry in (True, False):
            asked = {"connector": "pos", "since": "2026-01-01T00:00:00Z", "dry_run": dry}
            await self._posted(http, admin, "/v1/replays", asked | {"reason": BECAUSE})
        await self._posted(http, admin, "/v1/replays/1/stop", {"reason": BECAUSE})
        odd = {"connector": NAMES[0], "source": EMAILS[0], "since": PHONES[0], "reason": "x"}
        await self._posted(http, admin, "/v1/replays", odd | {"dry_run": True})
        chosen = {"where": {"state": "parked"}, "reason": BECAUSE}
        await self._posted(http, admin, "/v1/redrives", chosen)

    async def _by_hand(self, http: httpx.AsyncClient, owner: dict[str, str]) -> None:
        # A document of a policy is made for everybody to read, and is kept as it was laid down.
        laid_down = {"document": COVERAGE, "why": BECAUSE, "expects_version": 0}
        await self._posted(http, owner, "/v1/policies/coverage", laid_down)
        await self._posted(http, owner, "/v1/setup/go-live", {"why": BECAUSE})
        warranty = await self.database.fetchval(WARRANTY, TENANT)
        for change in ("end", "reinstate", NAMES[0]):
            wanted = {"change": change, "why": BECAUSE}
            await self._posted(http, owner, f"/v1/warranties/{warranty}/status", wanted)
        money = {"amount": 4900, "currency": "TRY"}
        goodwill = {"change": "extend", "until": "2030-01-31", "amount": money, "why": BECAUSE}
        await self._posted(http, owner, f"/v1/warranties/{warranty}/override", goodwill)
        for row in await self.database.fetch("select id from proposal"):
            settled = f"/v1/proposals/{row['id']}/decline"
            await self._posted(http, owner, settled, {"why": BECAUSE})

    async def _posted(  # noqa: PLR0913, PLR0917 - what a request consists of
        self,
        http: httpx.AsyncClient,
        headers: dict[str, str],
        path: str,
        said: Any,
        method: str = "POST",
        heard_from: int = 200,
    ) -> None:
        body, url = json.dumps(said, ensure_ascii=False), f"{self.api}{path}"
        await self.ear.sent(http, method, url, headers, body, heard_from=heard_from)
