"""The service centre and the merchant's people do what each may, as often as it takes, and come to an end."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.access.permissions import Role
from hub.dev.simulator.caller import Caller
from hub.dev.simulator.goods import VOLTAGE
from hub.dev.simulator.policies import POLICIES
from hub.dev.simulator.said import Trouble
from hub.dev.simulator.service import KEPT, Service
from hub.dev.simulator.serving import Desk, opened
from hub.dev.simulator.staff import MANAGER, OWNER, Person, Staff

HUB = "http://hub.invalid"
CLAIM = "clm_aaaaaaaaaaaaaaaa_1"
NOT_YET = [202, 409, 429, 503]


@dataclass
class Api:
    """Answers what it is told to by path, in turn, the last of it for ever."""

    answers: dict[str, list[tuple[int, dict[str, Any]]]]
    came: list[tuple[str, str, str]] = field(default_factory=list)
    """Who, with which key, to where."""

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        shown = request.headers.get("authorization", "")
        self.came.append((shown, request.headers.get("idempotency-key", ""), path))
        if path == "/v1/auth/login":
            return JSONResponse({"access_token": (await request.json())["email"]})
        told = self.answers.get(path, [(404, {})])
        status, body = told.pop(0) if len(told) > 1 else told[0]
        headers = {"retry-after": "0"} if status in NOT_YET else {}
        return JSONResponse(body, status, headers)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        methods = ["GET", "POST", "PUT"]
        app = Starlette(routes=[Route("/{path:path}", self.answer, methods=methods)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            yield client

    def keys(self, path: str) -> list[str]:
        return [key for _, key, to in self.came if to == path]


class Fate(random.Random):
    """Every chance comes out alike."""

    def __init__(self, value: float) -> None:
        super().__init__(1)
        self.value = value

    def random(self) -> float:
        return self.value


async def nobody() -> str:
    return ""


def staff(client: httpx.AsyncClient, chance: float = 0.5) -> Staff:
    people = {
        role: Caller("staff", HUB, person(client, role).authorize, client, Counter())
        for role in (MANAGER, OWNER)
    }
    return Staff(people, "TRY", Fate(chance), Counter())


def person(client: httpx.AsyncClient, role: Role) -> Person:
    return Person("voltage", role, "secret", HUB, client)


def service(client: httpx.AsyncClient) -> Service:
    return opened(Desk(VOLTAGE, HUB, "whk_1", "secret"), client, Fate(0.5), Counter())


def a_trouble(number: int = 1) -> Trouble:
    day = date(2026, 1, 31)
    about = ("TV-1", "power", day, VOLTAGE.zone, "TRY", "repair")
    return Trouble("voltage", f"S-{number}", *about)


@pytest.mark.parametrize("status", NOT_YET)
async def test_what_is_not_answered_yet_is_said_again_under_the_same_key(status: int) -> None:
    api = Api({"/v1/claims": [(status, {}), (201, {})]})
    async with api.client() as client:
        answer = await Caller("workshop", HUB, nobody, client, Counter()).say(
            "POST", "/v1/claims", "key-1", {}
        )
    assert answer is not None
    assert answer.status_code == 201
    assert api.keys("/v1/claims") == ["key-1", "key-1"]


async def test_what_is_refused_is_not_said_again() -> None:
    api = Api({"/v1/claims": [(422, {})]})
    async with api.client() as client:
        caller = Caller("workshop", HUB, nobody, client, Counter())
        await caller.say("POST", "/v1/claims", "key-1", {})
    assert len(api.came) == 1


async def test_nobody_asks_for_ever() -> None:
    api, heard = Api({"/v1/claims": [(503, {})]}), Counter[str]()
    async with api.client() as client:
        caller = Caller("workshop", HUB, nobody, client, heard, tries=3)
        assert await caller.say("POST", "/v1/claims", "key-1", {}) is None
    assert (len(api.came), heard["workshop_unanswered"]) == (3, 1)


async def test_somebody_signs_in_once_for_many_things() -> None:
    api = Api({})
    async with api.client() as client:
        owner = person(client, OWNER)
        assert await owner.authorize() == await owner.authorize() == "Bearer owner@voltage.example"
    assert len(api.keys("/v1/auth/login")) == 1


async def test_the_owner_lays_down_only_what_nobody_has_laid_down_yet() -> None:
    last = dict.fromkeys(POLICIES, 0) | {"override": 2}
    listed = {"policies": [{"name": name, "last": number} for name, number in last.items()]}
    made: list[tuple[int, dict[str, Any]]] = [(201, {"policy": {}})]
    api = Api({"/v1/policies": [(200, listed)]} | {f"/v1/policies/{n}": made for n in POLICIES})
    async with api.client() as client:
        assert await staff(client).publish()
    published = {to.rpartition("/")[2] for _, key, to in api.came if key}
    assert published == POLICIES.keys() - {"override"}
    by = {shown for shown, key, _ in api.came if key}
    assert by == {"Bearer owner@voltage.example"}


async def test_nothing_is_laid_down_while_nobody_says_what_is_there() -> None:
    api = Api({})
    async with api.client() as client:
        assert not await staff(client).publish()
    assert not any(key for _, key, _ in api.came)


async def test_where_it_takes_two_somebody_else_is_the_second() -> None:
    half: dict[str, Any] = {"approval": {"needs": "second"}, "claim": {}}
    whole: dict[str, Any] = {"claim": {}}
    path = f"/v1/claims/{CLAIM}/approve"
    api = Api({path: [(201, half), (201, whole)]})
    async with api.client() as client:
        await staff(client).grant(CLAIM, "replacement")
    by = [shown for shown, _, to in api.came if to == path]
    assert by == ["Bearer warranty.manager@voltage.example", "Bearer owner@voltage.example"]


async def test_whoever_finds_no_room_goes_elsewhere() -> None:
    async with Api({}).client() as client:
        centre = service(client)
        for number in range(KEPT + 2):
            await centre.tell(a_trouble(number))
    assert centre.heard["claims_taken_elsewhere"] == 2


async def test_a_claim_goes_from_its_filing_to_its_end() -> None:
    filed = {"id": CLAIM, "warranty": "wty_1", "state": "submitted", "missing": [], "blocked": []}
    effect = {"id": "eff_1", "kind": "repair", "state": "requested"}
    listed = {"policies": [{"name": name, "last": 1} for name in POLICIES]}
    api = Api(
        {
            "/v1/policies": [(200, listed)],
            "/v1/claims/workshop/S-1": [(404, {}), (201, {"claim": filed})],
            f"/v1/claims/{CLAIM}": [(200, filed | {"effects": [effect]})],
            f"/v1/claims/{CLAIM}/approve": [(201, {"claim": filed})],
            "/v1/effects/eff_1/outcome": [(201, {})],
            f"/v1/claims/{CLAIM}/costs": [(201, {"posting": {"id": "1"}})],
            f"/v1/claims/{CLAIM}/costs/1/verify": [(201, {})],
        }
    )
    async with api.client() as client:
        centre = service(client)
        running = asyncio.create_task(centre.run())
        await centre.tell(a_trouble())
        await centre.settle()
        running.cancel()
    assert centre.heard["claims_filed"] == 1
    done = [key.partition("-")[0] for key in api.keys("/v1/effects/eff_1/outcome")]
    assert done == ["acknowledged", "received", "diagnosed", "repaired", "sent_back", "done"]
    (verified,) = [one for one in api.came if one[2].endswith("/verify")]
    assert verified[0] == "Bearer finance.user@voltage.example"
