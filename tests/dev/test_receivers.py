"""The simulated receivers on the wire, as the hub's own way out meets them, and the book of what they took."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from hub.delivery.destinations import Receiver
from hub.delivery.egress import Egress, Rules
from hub.delivery.http import DOUBTFUL as SPEAKS_OF_ERROR
from hub.delivery.http import MAX_ANSWER, HttpDestination
from hub.delivery.schedule import Answer
from hub.delivery.secrets import Secret
from hub.dev.simulator.behaviour import (
    DOUBTFUL,
    ENDLESS,
    Reply,
    garbage,
    header_bomb,
    redirect,
    slow_drip,
)
from hub.dev.simulator.receivers import (
    DEAD,
    FAST,
    FLAKY,
    MALICIOUS,
    NAMES,
    Receivers,
    behaviours,
    receiving,
)
from hub.dev.simulator.taken import Book, read


@dataclass(frozen=True, slots=True)
class Always:
    """Gives one reply, whatever comes."""

    given: Reply

    def reply(self, message: str, now: float) -> Reply:
        return self.given


def everybody(took: Callable[[str, str], None] = lambda _name, _message: None) -> Receivers:
    return Receivers(behaviours(random.Random(7), 20, 1.0), took)  # noqa: S311 - a test


async def asked(reply: Reply) -> tuple[Answer, list[str]]:
    """What the hub makes of a reply, and what the receiver took."""
    took: list[str] = []
    receivers = Receivers({MALICIOUS: Always(reply)}, lambda _, message: took.append(message))
    destination = HttpDestination(Egress(Rules.read("127.0.0.0/8")))
    async with receiving(receivers, 0) as where:
        address = f"{where}/{MALICIOUS}"
        whom = Receiver("ep", "t", 1, "http", address, "full", 1, 1.0, (Secret.new(),))
        answer = await destination.post(whom, b"{}", {"webhook-id": "msg_1"})
        await destination.aclose()
    return answer, took


@pytest.mark.parametrize(
    ("reply", "outcome", "status"),
    [
        (redirect(), "answered", 302),
        (header_bomb(), "bad_answer", None),
        (garbage(), "bad_answer", None),
        (slow_drip(), "timeout", None),
    ],
)
async def test_no_misdeed_is_more_to_the_hub_than_an_attempt_that_failed(
    reply: Reply, outcome: str, status: int | None
) -> None:
    answer, took = await asked(reply)
    assert (answer.outcome, answer.status, took) == (outcome, status, [])


async def test_of_an_endless_answer_only_the_beginning_is_kept() -> None:
    answer, took = await asked(ENDLESS)
    assert (answer.status, len(answer.beginning), took) == (200, MAX_ANSWER, ["msg_1"])


async def test_an_answer_that_speaks_of_an_error_is_noticed() -> None:
    answer, took = await asked(DOUBTFUL)
    assert (answer.status, answer.explained, took) == (200, SPEAKS_OF_ERROR, ["msg_1"])


async def test_each_stands_below_its_name_and_counts_what_it_did() -> None:
    receivers = everybody()
    async with (
        receiving(receivers, 0) as where,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        for number, name in enumerate((FAST, FLAKY) * 100):
            headers = {"webhook-id": f"msg_{number}"}
            await client.post(f"{where}/{name}", content=b"{}", headers=headers)
        headers = {"webhook-id": "msg_1"}
        nobody = await client.post(f"{where}/nobody", content=b"{}", headers=headers)
        nothing = await client.post(f"{where}/{FAST}", content=b"{}")

    assert (nobody.status_code, nothing.status_code) == (404, 400)
    assert receivers.done[FAST] == {"taken": 100, "no_message": 1}
    assert sum(receivers.done[FLAKY].values()) == 100
    assert 5 < receivers.done[FLAKY]["unavailable"] < 40


async def test_whoever_waits_for_the_dead_one_waits_in_vain_and_holds_nobody_up() -> None:
    receivers = everybody()
    async with (
        receiving(receivers, 0) as where,
        httpx.AsyncClient(trust_env=False, timeout=0.2) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            await client.post(f"{where}/{DEAD}", headers={"webhook-id": "msg_1"})
        waiting = asyncio.create_task(
            client.post(f"{where}/{DEAD}", headers={"webhook-id": "msg_2"}, timeout=60)
        )
        await asyncio.sleep(0.2)
        assert receivers.done[DEAD] == {"silent": 2}
    with pytest.raises(httpx.HTTPError):
        await waiting


async def test_what_is_taken_stands_in_the_book_before_it_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "taken.txt"
    with Book(path) as book:
        receivers = everybody(book.note)
        async with (
            receiving(receivers, 0) as where,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            for message in ("msg_1", "msg_2", "msg_1"):
                await client.post(f"{where}/{FAST}", headers={"webhook-id": message})
                assert message in read(path)[FAST]
            await client.post(f"{where}/{FAST}", headers={"webhook-id": "two words"})
    assert read(path) == {FAST: {"msg_1": 2, "msg_2": 1}}
    assert read(tmp_path / "none") == {}


def test_there_is_a_behaviour_for_each_name() -> None:
    assert tuple(everybody().behaviours) == NAMES
