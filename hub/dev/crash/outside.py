"""Outside systems at the doors, which do not give up: tills that post, callers, and files at night."""

import asyncio
import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from standardwebhooks import Webhook

from hub.dev.crash.diary import Diary
from hub.dev.crash.fleet import Fleet, Member
from hub.dev.crash.installation import TENANT, ZONE, Access
from hub.dev.crash.stories import Event, Teller

PATIENCE_SECONDS = 90
MOST_AT_ONCE = 40
AGAIN = 0.2
"""So many tickets and calls are repeated although they were answered."""
_TICK_SECONDS = 0.05
_PAUSE_SECONDS = 0.3
_LOOK_SECONDS = 0.5
_SALES_A_FILE = 40
_DECIDED = frozenset({200, 201})
_LANDED = 202
_WELL = frozenset({"accepted", "duplicate"})


@dataclass(slots=True)
class Pace:
    """How much comes through each door, a second; a file is written every so many seconds."""

    tickets: float = 40
    calls: float = 10
    file_every: float = 8


@dataclass(slots=True)
class Outside:
    """All of them; what they were promised stands in the diary."""

    fleet: Fleet
    access: Access
    teller: Teller
    diary: Diary
    chance: random.Random
    pace: Pace = field(default_factory=Pace)
    figures: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """What a door answered that it must never answer."""
    _busy: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Come to the doors until told to stop, then hear every answer."""
        began = time.monotonic()
        told: Counter[str] = Counter()
        rates: dict[Callable[..., int], float] = {
            self._tickets: self.pace.tickets,
            self._calls: self.pace.calls,
        }
        rates[self._file] = 1 / self.pace.file_every
        async with httpx.AsyncClient(timeout=20) as http:
            while not stop.is_set():
                passed = time.monotonic() - began
                for what, rate in rates.items():
                    # A crowd that nobody serves grows no further: what is late is not made up for.
                    while told[what.__name__] < passed * rate:
                        said = what(http) if len(self._busy) < MOST_AT_ONCE else 1
                        told[what.__name__] += said
                await asyncio.sleep(_TICK_SECONDS)
            await asyncio.gather(*self._busy)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._busy.add(task)
        task.add_done_callback(partial(self._busy.discard))

    def _door(self, kind: str) -> Member:
        return self.chance.choice(self.fleet.of(kind))

    def _waits(self, until: float, event: Event, what: str) -> bool:
        if time.monotonic() < until:
            return True
        self.figures["unanswered"] += 1
        self.wrong.append(f"{event.id} was never answered: {what}")
        self.diary.failed(event)
        return False

    # Tills

    def _tickets(self, http: httpx.AsyncClient) -> int:
        stories = [self.teller.at_a_till() for _ in range(self.chance.choice([1, 1, 1, 5]))]
        self._begin(self._tell_till(http, stories))
        return sum(map(len, stories))

    async def _tell_till(self, http: httpx.AsyncClient, stories: list[list[Event]]) -> None:
        """The first event of each story together in one delivery, then the second ones."""
        for step in range(max(map(len, stories))):
            events = [story[step] for story in stories if len(story) > step]
            await self._deliver(http, events)
            if self.chance.random() < AGAIN:
                await self._deliver(http, events)

    async def _deliver(self, http: httpx.AsyncClient, events: list[Event]) -> None:
        body = json.dumps([ticket(event) for event in events]).encode()
        message, said = f"msg_{uuid.UUID(int=self.chance.getrandbits(128))}", ""
        until = time.monotonic() + PATIENCE_SECONDS
        while self._waits(until, events[0], said):
            reply = await self._post_signed(http, message, body)
            said = reply if isinstance(reply, str) else f"{reply.status_code} {reply.text[:300]}"
            if isinstance(reply, httpx.Response) and reply.status_code == _LANDED:
                self.figures["tickets"] += len(events)
                for event in events:
                    self.diary.promised(event)
                return
            if isinstance(reply, httpx.Response) and reply.status_code < 500:  # noqa: PLR2004 - ours to mend
                self.wrong.append(f"a till was answered {said}")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _post_signed(
        self, http: httpx.AsyncClient, message: str, body: bytes
    ) -> httpx.Response | str:
        now = datetime.now(UTC)
        signature = Webhook(self.access.secret).sign(message, now, body.decode())
        headers = {
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
            "content-type": "application/json",
        }
        url = f"http://127.0.0.1:{self._door('ingress').door}/sources/pos/{TENANT}"
        try:
            return await http.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return repr(error)

    # Callers

    def _calls(self, http: httpx.AsyncClient) -> int:
        self._begin(self._call(http, self.teller.sale("api")))
        return 1

    async def _call(self, http: httpx.AsyncClient, sale: Event) -> None:
        key = f"key-{sale.id}"
        first = await self._until_decided(http, sale, key)
        if first is None:
            return
        self.figures["calls"] += 1
        self.diary.promised(sale)
        if self.chance.random() < AGAIN:
            await asyncio.sleep(self.chance.uniform(0, 5))
            again = await self._until_decided(http, sale, key)
            if again is not None and again != first:
                self.wrong.append(f"{key} was answered {first!r}, then {again!r}")

    async def _until_decided(self, http: httpx.AsyncClient, sale: Event, key: str) -> bytes | None:
        until, said = time.monotonic() + PATIENCE_SECONDS, ""
        while self._waits(until, sale, said):
            url = f"http://127.0.0.1:{self._door('serve').door}/v1/activations"
            headers = {"idempotency-key": key, "authorization": f"Bearer {self.access.key}"}
            try:
                body = {"sale": json.loads(sale.body)}
                reply = await http.post(url, json=body, headers=headers)
            except httpx.HTTPError as error:
                said = repr(error)
            else:
                said = f"{reply.status_code} {reply.text[:300]}"
                if reply.status_code in _DECIDED:
                    return reply.content
                if reply.status_code not in {202, 409, 503}:
                    self.wrong.append(f"a caller was answered {said}")
            await asyncio.sleep(_PAUSE_SECONDS)
        return None

    # Files

    def _file(self, _http: httpx.AsyncClient) -> int:
        self._begin(self._drop([self.teller.sale("files") for _ in range(_SALES_A_FILE)]))
        return 1

    async def _drop(self, sales: list[Event]) -> None:
        folder = self.access.drop / TENANT / "files"
        name = f"{sales[0].id}.csv"
        lines = ["order,sold_at,line,product_code,quantity,serials,branch"]
        lines += [row for sale in sales for row in rows(sale)]
        half = folder / f"{name}.part"
        half.write_text("\n".join(lines) + "\n")
        half.rename(folder / name)
        result = folder / "done" / f"{name}.result.csv"
        until = time.monotonic() + PATIENCE_SECONDS
        while self._waits(until, sales[0], f"no {result}"):
            if result.exists():
                break
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            return
        self._read(result, len(lines) - 1, sales)

    def _read(self, result: Path, count: int, sales: list[Event]) -> None:
        _, *told = result.read_text("utf-8-sig").splitlines()
        words = [line.split(",")[1].strip('"') for line in told]
        self.figures["files"] += 1
        self.figures["rows"] += len(words)
        if len(words) != count or not _WELL.issuperset(words):
            self.wrong.append(f"{result} answers {len(words)} of {count} rows: {Counter(words)}")
        for sale in sales:
            self.diary.promised(sale)


def ticket(event: Event) -> dict[str, Any]:
    """An event as a till's ticket."""
    fact = json.loads(event.body)
    if event.kind == "sale" and "sold_at" in fact:
        told = {"type": "sale", "order": fact["order"]["reference"], "at": fact["sold_at"]}
        return {**told, "zone": ZONE, "branch": fact["branch"], "lines": fact["lines"]}
    told = {"type": "return", "order": fact["reference"], "at": fact["returned_at"], "zone": ZONE}
    return {**told, "original": fact["order"]["reference"], "lines": "all"}


def rows(sale: Event) -> Iterator[str]:
    """A sale as rows of an export, one for each serial and one for what has none."""
    fact = json.loads(sale.body)
    number = 0
    for line in fact["lines"]:
        blank = line["quantity"] - len(line["serials"])
        for count, serial in [*((1, serial) for serial in line["serials"]), (blank, "")]:
            if count:
                number += 1
                yield (
                    f"{fact['order']['reference']},{fact['sold_at']},{number},"
                    f"{line['product']['code']},{count},{serial},{fact['branch']}"
                )
