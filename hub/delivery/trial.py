"""Whether a receiver survives what will happen: repeats, disorder, lateness, size, and forgers."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import orjson

from hub.delivery.bodies import JSON
from hub.delivery.destinations import Receiver
from hub.delivery.http import HttpDestination
from hub.delivery.reading import TEST_TYPE
from hub.delivery.schedule import Answer
from hub.delivery.secrets import Secret
from hub.delivery.signing import signed
from schemas.refs import derived_id

BIG = 256 * 1024
"""Bytes of the largest message a receiver should be ready for."""
LATE_SECONDS = 3_600
SLOW_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Case:
    """One thing a receiver must survive, and how it did."""

    name: str
    is_survived: bool
    told: str


@dataclass(frozen=True, slots=True)
class Trial:
    """Sends one receiver every case; `receiver` holds the secret that it verifies by."""

    destination: HttpDestination
    receiver: Receiver

    async def run(self) -> list[Case]:
        """Every case, in turn."""
        cases: tuple[Callable[[], Awaitable[Case]], ...] = (
            *(self._plain, self._repeated, self._reordered, self._late),
            *(self._big, self._forged, self._altered, self._unsigned),
        )
        return [await one() for one in cases]

    async def _plain(self) -> Case:
        began = time.monotonic()
        answer = await self._send(_event("plain", 1))
        took = time.monotonic() - began
        case = _taken("a message", answer)
        if case.is_survived and took > SLOW_SECONDS:
            told = f"it took {took:.1f} s; answer first and work afterwards"
            return replace(case, is_survived=False, told=told)
        return case

    async def _repeated(self) -> Case:
        await self._send(_event("repeated", 2))
        return _taken("the same message again", await self._send(_event("repeated", 2)))

    async def _reordered(self) -> Case:
        await self._send(_event("later", 4))
        return _taken("an older message after a newer one", await self._send(_event("earlier", 3)))

    async def _late(self) -> Case:
        answer = await self._send(_event("late", 5), at=int(time.time()) - LATE_SECONDS)
        return _refused("a message of an hour ago, as a replayer sends it", answer)

    async def _big(self) -> Case:
        return _taken(f"a message of {BIG // 1024} KB", await self._send(_event("big", 6, BIG)))

    async def _forged(self) -> Case:
        answer = await self._send(_event("forged", 7), secrets=(Secret.new(),))
        return _refused("a message signed by somebody else", answer)

    async def _altered(self) -> Case:
        answer = await self._send(_event("altered", 8), instead=_event("other", 8))
        return _refused("a message altered on its way", answer)

    async def _unsigned(self) -> Case:
        answer = await self.destination.post(
            self.receiver, _event("unsigned", 9), {"content-type": JSON}
        )
        return _refused("a message without a signature", answer)

    async def _send(
        self,
        body: bytes,
        *,
        at: int | None = None,
        secrets: tuple[Secret, ...] = (),
        instead: bytes = b"",
    ) -> Answer:
        event = orjson.loads(body)["id"]
        now = int(time.time()) if at is None else at
        headers = signed(event, now, body, secrets or self.receiver.secrets)
        headers["content-type"] = JSON
        return await self.destination.post(self.receiver, instead or body, headers)


def _event(name: str, sequence: int, size: int = 0) -> bytes:
    event = {
        "specversion": "1.0",
        "id": derived_id("tst", name, str(int(time.time()) // 3_600)),
        "source": "/tenants/trial/sources/hub",
        "type": TEST_TYPE,
        "subject": "trial",
        "sequence": f"{sequence:020}",
        "datacontenttype": "application/json",
        "data": {"case": name, "filler": "x" * size},
    }
    return orjson.dumps(event)


def _taken(name: str, answer: Answer) -> Case:
    if answer.status is not None and 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's own class
        return Case(name, is_survived=True, told=f"taken ({answer.status})")
    return Case(name, is_survived=False, told=f"answer 2xx to it; {_said(answer)}")


def _refused(name: str, answer: Answer) -> Case:
    if answer.status is not None and 400 <= answer.status < 500:  # noqa: PLR2004 - HTTP's own class
        return Case(name, is_survived=True, told=f"refused ({answer.status})")
    return Case(name, is_survived=False, told=f"refuse it with 4xx; {_said(answer)}")


def _said(answer: Answer) -> str:
    return f"it answered {answer.status}" if answer.status else answer.explained
