"""The doors as people and systems use them: the same again, at whichever process, until it is answered."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from hub.dev.checker.claim_words import Kind, Word
from hub.dev.crash.fleet import Fleet

PATIENCE_SECONDS = 90
REFUSALS = frozenset({
    "already_decided", "approval_differs", "claim_staged", "effect_settled", "illegal_move",
    "replacement_under_way", "second_person_needed",
})  # fmt: skip
"""What two people who do not know of each other may hear."""
_PAUSE_SECONDS = 0.3
_LOOK_SECONDS = 0.4
_TAKEN = frozenset({200, 201})
_NEW, _OURS = 201, 500
Token = Callable[[], Awaitable[str]]
Doc = dict[str, Any]


@dataclass(slots=True)
class Desk:
    """What was asked there and answered; `words` is what the checker holds against the tables."""

    fleet: Fleet
    http: httpx.AsyncClient
    tokens: dict[str, Token]
    """By who asks."""
    people: dict[str, str]
    """The id of each person."""
    chance: random.Random
    words: list[Word] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    async def act(
        self, who: str, kind: Kind, about: str, path: str, value: str = "", **body: Any
    ) -> Doc | None:
        """Have something decided; what was answered, or None where a rule refused it."""
        key = f"{kind}-{about}-{value}-{who}-{self.chance.getrandbits(64):x}"
        told = await self._until_decided(who, path, key, body)
        by = self.people.get(who, who)
        if told is None:
            self.words.append(Word(kind, about, value, by, answer="unknown"))
            return None
        if told.status_code not in _TAKEN:
            self._refused(path, told)
            return None
        answer: Doc = told.json()
        if told.status_code == _NEW:
            kind = "half" if "approval" in answer else kind
            self.words.append(Word(kind, about, value, by))
        self.figures[f"claims_acts_{kind}"] += 1
        return answer

    def _refused(self, path: str, told: httpx.Response) -> None:
        code = told.json()["reasons"][0]["code"]
        self.figures["claims_acts_refused"] += 1
        if code not in REFUSALS:
            self.wrong.append(f"{path} was refused: {told.text[:300]}")

    async def _until_decided(
        self, who: str, path: str, key: str, body: Doc
    ) -> httpx.Response | None:
        until, said = time.monotonic() + PATIENCE_SECONDS, ""
        while time.monotonic() < until:
            reply = await self._once(who, "POST", path, key, json=body)
            said = reply if isinstance(reply, str) else f"{reply.status_code} {reply.text[:300]}"
            if isinstance(reply, httpx.Response):
                if reply.status_code in _TAKEN or _is_refusal(reply):
                    return reply
                if reply.status_code not in {202, 409, 503}:
                    self.wrong.append(f"{path} was answered {said}")
                    return None
            await asyncio.sleep(_PAUSE_SECONDS)
        self.wrong.append(f"{path} was never answered: {said}")
        return None

    async def publish(self, path: str, **body: Any) -> bool:
        """Whether a rule is in force from now on."""
        told = await self._until_decided("owner", path, f"publish-{path}", body)
        return told is not None and told.status_code in _TAKEN

    async def read(self, path: str, **query: str) -> Doc | None:
        """What is read there, if anybody answers."""
        reply = await self._once("manager", "GET", path, "", params=query)
        if isinstance(reply, str) or reply.status_code not in _TAKEN:
            return None
        found: Doc = reply.json()
        return found

    async def until(
        self, look: Callable[[], Awaitable[Doc | None]], seconds: float = PATIENCE_SECONDS
    ) -> Doc | None:
        """Look again until something is found."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = await look()
            if found is not None:
                return found
            await asyncio.sleep(_LOOK_SECONDS)
        return None

    async def _once(
        self, who: str, method: str, path: str, key: str, **more: Any
    ) -> httpx.Response | str:
        door = self.chance.choice(self.fleet.of("serve")).door
        headers = {"authorization": f"Bearer {await self.tokens[who]()}"}
        headers |= {"idempotency-key": key} if key else {}
        url = f"http://127.0.0.1:{door}{path}"
        try:
            return await self.http.request(method, url, headers=headers, **more)
        except httpx.HTTPError as error:
            return repr(error)


def _is_refusal(reply: httpx.Response) -> bool:
    """That a rule says no is an answer; that nobody can say is none."""
    is_json = "json" in reply.headers.get("content-type", "")
    return reply.status_code < _OURS and is_json and bool(reply.json().get("reasons"))
