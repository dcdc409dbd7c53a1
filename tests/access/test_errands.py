"""What is done after an answer: in order, once the store is there, and never quietly left out."""

import asyncio

import pytest

from hub.access import errands
from hub.access.errands import Errand, Errands
from hub.access.keyring import SealError
from hub.sdk.failures import StoreUnavailableError


class Day:
    """Errands, and what became of them."""

    def __init__(self) -> None:
        self.errands = Errands()
        self.done: list[str] = []
        self.away = 0

    def errand(self, name: str, fault: Exception | None = None) -> Errand:
        async def run() -> None:
            await asyncio.sleep(0)
            if self.away:
                self.away -= 1
                raise StoreUnavailableError("connection refused")
            if fault is not None:
                raise fault
            self.done.append(name)

        return run


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Day:
    monkeypatch.setattr(errands, "BACKOFF_SECONDS", (0.0,))
    return Day()


async def test_while_the_store_is_away_errands_wait_and_keep_their_order(day: Day) -> None:
    day.away = 5
    for name in "abc":
        day.errands.add(day.errand(name))

    await day.errands.done()

    assert day.done == ["a", "b", "c"]


async def test_an_errand_that_cannot_be_done_keeps_no_other_from_being_done(day: Day) -> None:
    for name, fault in (("a", None), ("b", SealError("another master key")), ("c", None)):
        day.errands.add(day.errand(name, fault))

    await day.errands.done()

    assert day.done == ["a", "c"]


async def test_a_fault_of_ours_ends_the_process_instead_of_being_hidden(day: Day) -> None:
    day.errands.add(day.errand("a", KeyError("role")))

    with pytest.raises(KeyError):
        await day.errands.done()


async def test_what_waits_when_the_process_ends_is_done_before(day: Day) -> None:
    running = asyncio.create_task(day.errands.run())
    await asyncio.sleep(0)
    day.errands.add(day.errand("a"))
    running.cancel()
    await asyncio.wait([running])

    assert day.done == ["a"]


async def test_of_a_flood_so_many_are_kept_as_memory_may_hold(day: Day) -> None:
    for n in range(errands.MOST + 10):
        day.errands.add(day.errand(str(n)))

    await day.errands.done()

    assert len(day.done) == errands.MOST
