"""Whoever delivers is killed again and again, in the middle of what is sent: nothing is missing."""

import asyncio
import subprocess
import time
from collections import Counter
from typing import Any

from hub.dev.prove.delivering import Place, dispatcher, here
from hub.dev.prove.receiver import Receiver

RATE, LIVES_SECONDS, TAKES_SECONDS = 200, 2.5, 0.03
AT_ONCE, SUBJECTS = 64, 500
LOST = "select count(*) from delivery_attempt where state = 'unknown'"


async def killed(place: Place) -> dict[str, Any]:
    """100 times at 200 a second: each arrives, and only what was on its way comes twice, under its own id."""
    kills, seen, last, inversions = place.some(100), Counter[int](), dict[int, int](), 0

    def took(_path: bytes, event: bytes) -> None:
        nonlocal inversions
        number = int(event[4:])
        if number not in seen:
            inversions += number < last.get(number % SUBJECTS, -1)
            last[number % SUBJECTS] = number
        seen[number] += 1

    async with here(Receiver(took=took, takes_seconds=TAKES_SECONDS)) as url:
        await place.endpoint(url, ordering="per_subject", at_once=AT_ONCE, timeout=1.0)
        ended = asyncio.Event()
        telling = asyncio.create_task(_tell(place, ended))
        try:
            await _kill(place, kills)
        finally:
            ended.set()
        told = await telling
        async with place.delivering():
            await place.drained(120)
    again, lost = sum(seen.values()) - told, int(await place.database.fetchval(LOST))
    states, missing = await place.states(), told - len(seen)
    holds = (missing, inversions, states) == (0, 0, {"delivered": told}) and again <= lost
    found = {"kills": kills, "told": told, "missing": missing, "sent_again": again}
    return found | {"lost_attempts": lost, "inversions": inversions, "holds": holds}


async def _tell(place: Place, ended: asyncio.Event) -> int:
    """So many a second, whoever lives meanwhile; gives how many."""
    began, told = time.monotonic(), 0
    while not ended.is_set():
        due = int((time.monotonic() - began) * RATE)
        if due > told:
            await place.tell(told, due - 1, SUBJECTS)
            told = due
        await asyncio.sleep(0.1)
    return told


async def _kill(place: Place, kills: int) -> None:
    """Two deliver; each is killed when its time has come, and another begins."""
    living = [dispatcher(place.dsn) for _ in range(2)]
    try:
        for _ in range(kills):
            await asyncio.sleep(LIVES_SECONDS)
            await asyncio.to_thread(_end, living.pop(0))
            living.append(dispatcher(place.dsn))
    finally:
        for one in living:
            _end(one)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
