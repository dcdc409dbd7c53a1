"""Questions of many callers share rounds."""

import asyncio
from collections.abc import Sequence

import pytest

from hub.ledger.coalescing import MOST, Coalescer
from hub.sdk.failures import StoreUnavailableError


class Desk:
    """Answers numbers with their doubles, a round at a time, as slowly as an event loop turns."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []

    async def answer(self, numbers: Sequence[int]) -> list[int]:
        self.rounds.append(list(numbers))
        await asyncio.sleep(0.01)
        if -1 in numbers:
            raise StoreUnavailableError("gone")
        return [2 * number for number in numbers]


async def test_who_comes_while_a_round_is_under_way_shares_the_next_one() -> None:
    desk = Desk()
    rounds = Coalescer(desk.answer)

    answers = await asyncio.gather(*(rounds.ask(number) for number in range(MOST + 50)))

    assert answers == [2 * number for number in range(MOST + 50)]
    assert [len(asked) for asked in desk.rounds] == [MOST, 50]


async def test_a_lone_caller_waits_for_nobody() -> None:
    desk = Desk()
    rounds = Coalescer(desk.answer)

    assert [await rounds.ask(1), await rounds.ask(2)] == [2, 4]
    assert desk.rounds == [[1], [2]]


async def test_a_round_that_fails_fails_those_in_it_and_nobody_after() -> None:
    desk = Desk()
    rounds = Coalescer(desk.answer)

    failed = await asyncio.gather(rounds.ask(-1), rounds.ask(1), return_exceptions=True)
    after = await rounds.ask(1)

    assert [type(error) for error in failed] == [StoreUnavailableError] * 2
    assert failed[0] is not failed[1]
    assert after == 2


async def test_a_caller_that_leaves_stops_nobody() -> None:
    rounds = Coalescer(Desk().answer)
    staying = asyncio.create_task(rounds.ask(1))
    leaving = asyncio.create_task(rounds.ask(2))
    await asyncio.sleep(0.001)

    leaving.cancel()

    assert await staying == 2
    with pytest.raises(asyncio.CancelledError):
        await leaving
