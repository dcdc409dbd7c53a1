"""Somebody at the API who says the same again, under the same key, until he is answered or has waited enough."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

TRIES = 20
FIRST_WAIT, LONGEST_WAIT = 0.2, 2.0
LONGEST_ASKED_FOR = 15.0
"""Whoever is asked to come again later than that, comes then."""
TOO_MANY, OUR_TROUBLE = 429, 500
Authorize = Callable[[], Awaitable[str]]
"""Gives what is shown at the door."""
Doc = dict[str, Any]


@dataclass(slots=True)
class Caller:
    """A person who is signed in, or a system with its key."""

    name: str
    """Under which its answers are counted."""
    api: str
    authorize: Authorize
    client: httpx.AsyncClient
    heard: Counter[str]
    tries: int = TRIES

    async def read(self, path: str, **query: str) -> Doc | None:
        """What is there; None where nothing is, or nobody says."""
        answer = await self._until_answered("GET", path, {}, params=query)
        return _document(answer) if answer is not None and answer.is_success else None

    async def say(
        self, method: str, path: str, key: str, body: Mapping[str, Any]
    ) -> httpx.Response | None:
        """What was decided, be it a refusal; None where nobody has decided within all patience."""
        return await self._until_answered(method, path, {"idempotency-key": key}, json=dict(body))

    async def send(self, path: str, content: bytes, kind: str) -> Doc | None:
        """Send a file; what was answered, if it was taken."""
        answer = await self._until_answered("POST", path, {"content-type": kind}, content=content)
        return _document(answer) if answer is not None and answer.is_success else None

    async def _until_answered(
        self, method: str, path: str, headers: Mapping[str, str], **what: Any
    ) -> httpx.Response | None:
        pause = FIRST_WAIT
        for _ in range(self.tries):
            answer = await self._once(method, path, headers, what)
            if answer is not None and not _is_later(answer):
                return answer
            await asyncio.sleep(_asked_to_wait(answer) or pause)
            pause = min(LONGEST_WAIT, pause * 2)
        self.heard[f"{self.name}_unanswered"] += 1
        return None

    async def _once(
        self, method: str, path: str, headers: Mapping[str, str], what: Mapping[str, Any]
    ) -> httpx.Response | None:
        try:
            shown = {**headers, "authorization": await self.authorize()}
            answer = await self.client.request(method, self.api + path, headers=shown, **what)
        except httpx.TransportError:
            return None
        if method != "GET":
            self.heard[f"{self.name}_{answer.status_code}"] += 1
        return answer


def _is_later(answer: httpx.Response) -> bool:
    """Whether it is to be said again: not decided yet, too much, or somebody else's trouble."""
    status = answer.status_code
    in_flight = status == httpx.codes.CONFLICT and "retry-after" in answer.headers
    undecided = status == httpx.codes.ACCEPTED
    return in_flight or undecided or status == TOO_MANY or status >= OUR_TROUBLE


def _asked_to_wait(answer: httpx.Response | None) -> float | None:
    told = "" if answer is None else answer.headers.get("retry-after", "")
    return min(LONGEST_ASKED_FOR, float(told)) if told.isdecimal() else None


def _document(answer: httpx.Response) -> Doc:
    found = answer.json()
    return found if isinstance(found, dict) else {}
