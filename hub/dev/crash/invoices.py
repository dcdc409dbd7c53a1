"""A shop that sends invoices, alone and in bulks, and never gives up: none may ever be registered by half."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import asyncpg
import httpx

from hub.dev.crash.diary import Diary
from hub.dev.crash.fleet import Fleet
from hub.dev.crash.installation import TENANT
from hub.dev.crash.stories import Event
from schemas.refs import order_home

PATH = "/individual-customers/warranty/invoice/with-product-code"
LIST = "individualCustomerProductResponseList"
USER, SELLER = "invoices", "S-1"
PATIENCE_SECONDS = 90
MOST_AT_ONCE = 20
BULK = 5
AGAIN = 0.2
"""So many are sent again although they were answered."""
_PAUSE_SECONDS = 0.3
_TICK_SECONDS = 0.05
_REGISTERED, _TAKEN_IN = 200, 202
_COUNTED = """
select order_reference, count(*)::int as units from unit
 where tenant = $1 and order_reference = any($2::text[]) group by 1
"""


@dataclass(slots=True)
class Invoices:
    """What was sent, what was answered, and what must not be."""

    fleet: Fleet
    password: str
    diary: Diary
    chance: random.Random
    run_name: str
    rate: float = 6
    """A second; every fifth time it is a bulk."""
    figures: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)
    """How many lines each order has."""
    told: set[str] = field(default_factory=set)
    """Orders that were answered as registered."""
    _busy: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop, then hear every answer."""
        began, count = time.monotonic(), 0
        auth = httpx.BasicAuth(USER, self.password)
        async with httpx.AsyncClient(timeout=20, auth=auth) as http:
            while not stop.is_set():
                while count < (time.monotonic() - began) * self.rate:
                    count += 1
                    if len(self._busy) < MOST_AT_ONCE:
                        self._begin(self._bulk(http) if count % BULK == 0 else self._one(http))
                await asyncio.sleep(_TICK_SECONDS)
            await asyncio.gather(*self._busy)

    async def judge(self, dsn: str) -> None:
        """Whether each order has all of its units or none, and all where it was answered so."""
        database = await asyncpg.connect(dsn)
        try:
            rows = await database.fetch(_COUNTED, TENANT, list(self.sent))
        finally:
            await database.close()
        stand = {row["order_reference"]: row["units"] for row in rows}
        for order, lines in self.sent.items():
            units = stand.get(order, 0)
            if units not in {0, lines} or (order in self.told and units != lines):
                self.figures["invoices_half"] += 1
                self.wrong.append(f"invoice {order} of {lines} lines has {units} units")

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._busy.add(task)
        task.add_done_callback(partial(self._busy.discard))

    async def _one(self, http: httpx.AsyncClient) -> None:
        event, invoice = self._invoice()
        first = await self._until(http, [event], _REGISTERED, "POST", PATH, invoice)
        if first is None:
            return
        self._registered(event)
        if self.chance.random() < AGAIN:
            again = await self._until(http, [event], _REGISTERED, "POST", PATH, invoice)
            if again is not None and again.content != first.content:
                self.wrong.append(f"{event.id} was answered {first.text}, then {again.text}")

    async def _bulk(self, http: httpx.AsyncClient) -> None:
        made = [self._invoice() for _ in range(BULK)]
        events, invoices = [event for event, _ in made], [invoice for _, invoice in made]
        taken = await self._until(http, events, _TAKEN_IN, "POST", f"{PATH}/bulk", invoices)
        if taken is None:
            return
        self.figures["bulks"] += 1
        where = f"{PATH}/bulk/{taken.json()['requestId']}"
        until = time.monotonic() + PATIENCE_SECONDS
        while found := await self._until(http, events, _REGISTERED, "GET", where):
            if found.json()["state"] == "done" or time.monotonic() > until:
                break
            await asyncio.sleep(_PAUSE_SECONDS)
        if found is None:
            return
        if any(one["status"] != _REGISTERED for one in found.json()["invoices"]):
            self.wrong.append(f"a bulk became {found.text[:300]}")
        else:
            for event in events:
                self._registered(event)

    def _registered(self, event: Event) -> None:
        self.figures["invoices"] += 1
        self.told.add(event.group)
        self.diary.promised(event)

    async def _until(  # noqa: PLR0913, PLR0917 - what is asked, of whom, and what is waited for
        self,
        http: httpx.AsyncClient,
        events: list[Event],
        status: int,
        method: str,
        path: str,
        body: object = None,
    ) -> httpx.Response | None:
        """The same again, at whichever process, until it is answered so."""
        until, said = time.monotonic() + PATIENCE_SECONDS, ""
        while time.monotonic() < until:
            door = self.chance.choice(self.fleet.of("serve")).door
            url = f"http://127.0.0.1:{door}{path}"
            params: Mapping[str, str] = {"merchantCode": TENANT}
            try:
                reply = await http.request(method, url, params=params, json=body)
            except httpx.HTTPError as error:
                said = repr(error)
            else:
                said = f"{reply.status_code} {reply.text[:300]}"
                if reply.status_code == status:
                    return reply
                if reply.status_code not in {202, 503}:
                    self.wrong.append(f"a shop was answered {said}")
            await asyncio.sleep(_PAUSE_SECONDS)
        self.wrong.append(f"{events[0].id} was never answered: {said}")
        for event in events:
            self.diary.failed(event)
        return None

    def _invoice(self) -> tuple[Event, dict[str, Any]]:
        """An invoice of one to four lines, and the effect it must have."""
        number = len(self.sent)
        order, lines = f"{self.run_name}-{number:06d}", self.chance.randint(1, 4)
        self.sent[order] = lines
        products = [
            {
                "name": f"Kettle {n}",
                "productCode": f"K-{n}",
                "serialNumber": f"SN-{order}-{n}",
                "externalLineId": f"L-{n}",
            }
            for n in range(lines)
        ]
        customer = {
            "firstName": "Deniz",
            "lastName": "Kaya",
            "email": f"c{number // 3}@example.com",
            "phone": f"+9053{number // 2 % 10**8:08d}",
            "countryCode": "TR",
        }
        invoice = {
            "externalOrderId": order,
            "sellerCode": SELLER,
            "customer": customer,
            "products": products,
        }
        units = tuple(f"serial/{one['productCode']}/{one['serialNumber']}" for one in products)
        event = Event(
            f"invoice-{order}", "sale.recorded.v1", USER, order,
            order_home(TENANT, f"seller:{SELLER}", order), b"{}", units,
            tells=tuple((unit, order) for unit in units),
        )  # fmt: skip
        return event, invoice
