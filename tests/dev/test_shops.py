"""The simulated shops keep what nobody has answered, and repeat as real ones do."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sdk.webhooks import new_secret
from hub.dev.simulator import exports
from hub.dev.simulator.goods import VOLTAGE
from hub.dev.simulator.nights import Nights
from hub.dev.simulator.order import Order
from hub.dev.simulator.partner import Partner
from hub.dev.simulator.said import Report, Ticket
from hub.dev.simulator.till import Habit, Till

SECRET = new_secret()
HUB = "http://hub.invalid"


@dataclass
class Door:
    """Answers what it is told to, in turn, the last of it for ever."""

    answers: list[int]
    came: list[tuple[str, bytes]] = field(default_factory=list)
    check: Callable[[bytes, dict[str, str]], object] = lambda _body, _headers: None

    async def answer(self, request: Request) -> Response:
        body, headers = await request.body(), dict(request.headers)
        self.check(body, headers)
        name = headers.get("webhook-id") or headers["idempotency-key"]
        self.came.append((name, body))
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return JSONResponse({"tickets": [{"status": "landed"}]}, status)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["POST"])])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            yield client


async def sent_by(
    habit: Habit, door: Door, *bodies: dict[str, int], chance: float = 0.5
) -> Counter[str]:
    heard: Counter[str] = Counter()
    async with door.client() as client:
        till = Till("till-1", f"{HUB}/sources/pos/a", SECRET, habit, client, Fate(chance), heard)
        running = asyncio.create_task(till.run())
        for body in bodies:
            await till.tell(Ticket("a", 1, body))
            await till.settle()
        running.cancel()
    return heard


class Fate(random.Random):
    """Every chance comes out alike."""

    def __init__(self, value: float) -> None:
        super().__init__(1)
        self.value = value

    def random(self) -> float:
        return self.value


async def test_a_till_signs_as_the_official_library_verifies() -> None:
    door = Door([202], check=Webhook(SECRET).verify)
    heard = await sent_by(Habit(), door, {"number": 1})
    assert heard["tickets_landed"] == 1


@pytest.mark.parametrize("trouble", [503, 500, 429])
async def test_a_till_comes_again_under_the_same_id_until_it_is_answered(trouble: int) -> None:
    door = Door([trouble, 202])
    await sent_by(Habit(), door, {"number": 1})
    assert len(door.came) == 2
    assert door.came[0] == door.came[1]


async def test_a_till_does_not_come_again_with_what_was_refused() -> None:
    door = Door([422])
    heard = await sent_by(Habit(), door, {"number": 1})
    assert heard["till_422"] == len(door.came) == 1


async def test_one_till_says_everything_twice_half_of_it_under_a_new_id() -> None:
    door = Door([202])
    await sent_by(Habit(twice=True), door, {"number": 1}, {"number": 2})
    (first, again), (second, other) = (door.came[:2], door.came[2:])
    assert first == again
    assert second[1] == other[1]
    assert second[0] != other[0]


async def test_a_till_that_forgot_the_time_signs_anew() -> None:
    stamps: list[str] = []
    door = Door(
        [401, 202], check=lambda _body, headers: stamps.append(headers["webhook-timestamp"])
    )
    await sent_by(Habit(forgets_the_time=1), door, {"number": 1})
    wrong, right = map(int, stamps)
    assert 3590 < right - wrong < 3610


async def test_what_a_till_kept_comes_as_one_delivery() -> None:
    door, heard = Door([202]), Counter[str]()
    async with door.client() as client:
        till = Till("till-1", HUB, SECRET, Habit(), client, Fate(0.5), heard)
        for number in range(3):
            await till.tell(Ticket("a", 1, {"number": number}))
        running = asyncio.create_task(till.run())
        await till.settle()
        running.cancel()
    ((_, body),) = door.came
    assert body.count(b"number") == 3


async def reported_by(door: Door, chance: float) -> Counter[str]:
    heard: Counter[str] = Counter()
    async with door.client() as client:
        partner = Partner(
            "app", f"{HUB}/v1/activations", "Bearer whk_1", client, Fate(chance), heard
        )
        running = asyncio.create_task(partner.run())
        await partner.tell(Report("a", "app", "key-1", b'{"sale": {"branch": "A"}}'))
        await partner.settle()
        running.cancel()
    return heard


async def test_a_partner_repeats_under_the_same_key_what_it_heard_no_answer_to() -> None:
    door = Door([503, 201])
    await reported_by(door, chance=0.99)
    assert len(door.came) == 2
    assert door.came[0] == door.came[1]


async def test_a_partner_uses_a_key_for_something_else_by_mistake() -> None:
    door = Door([201, 200, 422])
    heard = await reported_by(door, chance=0.0)
    assert heard["partner_422"] == 1
    keys = {key for key, _ in door.came}
    assert keys == {"key-1"}
    assert door.came[0][1] != door.came[-1][1]


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_the_last_night_leaves_its_file_and_a_copy_of_it(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "run", VOLTAGE.export, Fate(0.5), Counter())
    await nights.tell(exports.sold(Order(VOLTAGE, "1", random.Random(1))))  # noqa: S311
    await nights.settle()
    file, copy = sorted(left_in(tmp_path), key=lambda path: len(path.name))
    assert file.read_bytes() == copy.read_bytes()
    assert len(file.read_text().splitlines()) == 3


async def test_a_day_without_a_sale_leaves_no_file(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "run", VOLTAGE.export, Fate(0.5), Counter())
    await nights.settle()
    assert not left_in(tmp_path)
