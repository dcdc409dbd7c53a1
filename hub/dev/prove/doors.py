"""`python -m hub.dev.prove.doors`: 64 callers share each of 200 keys while the API is killed under them.

Each key has exactly one effect, everyone who shares it hears the same bytes, then and later, and
another body under it is refused, always.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from hub.adapters.postgres import connect
from hub.dev.crash.fleet import Fleet, Member
from hub.dev.crash.installation import ZONE, Installation
from hub.dev.prove.staged import staged

DOORS = 2
PATIENCE_SECONDS, READY_SECONDS = 120.0, 60.0
KILL_EVERY = (1.0, 2.5)
PAUSE = (0.05, 0.3)
STRANGERS = 2
"""So many callers use each key for another body, once it has been answered and again at the end."""
AT_ONCE = 4
"""Keys that are in use at the same time, each by all its callers."""
DECIDED = frozenset({200, 201})
REFUSED = "idempotency-key-reused"
TRANSIENT = frozenset(
    {"request-in-progress", "broker-unavailable", "store-unavailable", "outcome-unknown"}
)

EFFECTS = """
select (select count(*) from unit) as units,
       (select count(distinct serial) from unit) as serials,
       (select sum(applied) from partition_owner) as applied,
       (select sum(rejected + dead_lettered + retrying + held) from partition_owner) as otherwise
"""


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def sale(key: int, serial: str) -> dict[str, Any]:
    """A sale of one unit under an order of its own."""
    line = {"line": "1", "product": {"code": "TV-55"}, "serials": [serial]}
    order = {"namespace": "doors", "reference": f"D-{key}"}
    sold = {"order": order, "sold_at": "2026-01-31T18:30:00+03:00", "zone": ZONE, "lines": [line]}
    return {"sale": sold}


@dataclass(slots=True)
class Proof:
    """The callers, and what they heard."""

    fleet: Fleet
    token: str
    chance: random.Random
    heard: Counter[str] = field(default_factory=Counter)
    answers: dict[int, set[tuple[int, bytes]]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    kills: int = 0

    @property
    def doors(self) -> list[Member]:
        """The processes that answer."""
        return list(self.fleet.of("serve"))

    async def share(self, http: httpx.AsyncClient, key: int, callers: int) -> None:
        """Have all callers of a key post at once, and strangers another body once it is answered."""
        found = await asyncio.gather(*(self.post(http, key, f"S-{key}") for _ in range(callers)))
        self.answers.setdefault(key, set()).update(found)
        await self.strangers(http, key)

    async def strangers(self, http: httpx.AsyncClient, key: int) -> None:
        """Use the key for another body."""
        for status, body in await asyncio.gather(
            *(self.post(http, key, f"X-{key}-{n}") for n in range(STRANGERS))
        ):
            if status != 422 or json.loads(body).get("code") != REFUSED:  # noqa: PLR2004 - as documented
                self.wrong.append(f"key {key}, other body: {status} {body.decode()[:200]}")

    async def post(self, http: httpx.AsyncClient, key: int, serial: str) -> tuple[int, bytes]:
        """Post, and again wherever the answer says so, until it is decided."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = await self._once(http, key, serial)
            if answer is not None:
                return answer
            await asyncio.sleep(self.chance.uniform(*PAUSE))
        self.wrong.append(f"key {key}: no answer within {PATIENCE_SECONDS:g} s")
        return 0, b""

    async def _once(
        self, http: httpx.AsyncClient, key: int, serial: str
    ) -> tuple[int, bytes] | None:
        door = self.chance.choice(self.doors)
        try:
            answer = await http.post(
                f"http://127.0.0.1:{door.door}/v1/activations",
                json=sale(key, serial),
                headers={
                    "Authorization": f"Bearer {self.token}",
                    "Idempotency-Key": f"key-{key}",
                },
            )
        except httpx.TransportError as error:
            self.heard[type(error).__name__] += 1
            return None
        code = answer.json().get("code", "") if answer.status_code >= 400 else ""  # noqa: PLR2004 - a problem
        self.heard[f"{answer.status_code} {code}".strip()] += 1
        if answer.status_code == 202 or code in TRANSIENT:  # noqa: PLR2004 - not decided yet
            return None
        if answer.status_code not in DECIDED and code != REFUSED:
            self.wrong.append(f"key {key}: {answer.status_code} {answer.text[:200]}")
        return answer.status_code, answer.content

    async def torment(self) -> None:
        """Kill one door after the other, sometimes both at once."""
        while True:
            await asyncio.sleep(self.chance.uniform(*KILL_EVERY))
            fallen = self.doors if self.chance.random() < 0.2 else [self.chance.choice(self.doors)]  # noqa: PLR2004 - now and then
            for door in fallen:
                self.fleet.end(door, signal.SIGKILL)
                self.kills += 1
            for door in fallen:
                self.fleet.spawn(door)
            await self.ready(fallen)

    async def ready(self, members: list[Member]) -> None:
        """Wait until they say that they do their work."""
        async with asyncio.timeout(READY_SECONDS):
            while not all([await one.is_ready() for one in members]):  # noqa: ASYNC110 - others tell nobody
                await asyncio.sleep(0.1)


async def prove(place: Installation, keys: int, callers: int, seed: int) -> dict[str, Any]:
    """Everything, on servers that run."""
    await place.prepare()
    proof = Proof(Fleet(place), (await place.give_access()).key, random.Random(seed))  # noqa: S311 - chance, not secrecy
    try:
        proof.fleet.add("process", 1)
        proof.fleet.add("serve", DOORS)
        await proof.ready(proof.fleet.members)
        limits = httpx.Limits(max_connections=AT_ONCE * callers)
        async with httpx.AsyncClient(timeout=30, limits=limits) as http:
            began = time.monotonic()
            await _all_keys(proof, http, keys, callers)
            seconds = time.monotonic() - began
            later = await _later(proof, http, keys)
        database = await connect(place.dsn, size=1)
        effects = dict(await database.fetchrow(EFFECTS))
        await database.close()
    finally:
        proof.fleet.end_all()
    return _figures(proof, keys, callers, effects, later) | {"seconds": round(seconds, 1)}


async def _all_keys(proof: Proof, http: httpx.AsyncClient, keys: int, callers: int) -> None:
    free = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def one(key: int) -> None:
        nonlocal done
        async with free:
            await proof.share(http, key, callers)
        done += 1
        if done % 20 == 0:
            say(f"  {done} of {keys} keys; {proof.kills} kills; {dict(proof.heard)}")

    torment = asyncio.create_task(proof.torment())
    try:
        await asyncio.gather(*(one(key) for key in range(keys)))
    finally:
        torment.cancel()
        await asyncio.wait([torment])
    await proof.ready(proof.doors)


async def _later(proof: Proof, http: httpx.AsyncClient, keys: int) -> int:
    """Ask under each key again, and once more with another body; how many hear something else."""
    different = 0
    for key in range(keys):
        again = await proof.post(http, key, f"S-{key}")
        different += again not in proof.answers[key]
        await proof.strangers(http, key)
    return different


def _figures(
    proof: Proof, keys: int, callers: int, effects: dict[str, Any], later: int
) -> dict[str, Any]:
    disagreeing = sum(len(answers) != 1 for answers in proof.answers.values())
    effects = {name: int(number or 0) for name, number in effects.items()}
    exact = effects == {"units": keys, "serials": keys, "applied": keys, "otherwise": 0}
    return {
        "keys": keys,
        "callers": callers,
        "kills": proof.kills,
        "posts": sum(proof.heard.values()),
        "heard": dict(proof.heard.most_common()),
        "effects": effects,
        "keys_answered_differently": disagreeing,
        "later_different": later,
        "wrong": proof.wrong[:10],
        "load": [round(each, 2) for each in os.getloadavg()],
        "ok": exact and not disagreeing and not later and not proof.wrong and proof.kills > 0,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.prove.doors", description=__doc__)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--callers", type=int, default=64, help="of each key, at once")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000))
    asked = parser.parse_args()
    logging.getLogger("httpx").setLevel(logging.WARNING)

    async def proved(place: Installation) -> dict[str, Any]:
        figures = await prove(place, asked.keys, asked.callers, asked.seed)
        return figures | {"seed": asked.seed}

    return staged("doors", asked.seed, proved)


if __name__ == "__main__":
    raise SystemExit(main())
