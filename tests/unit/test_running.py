"""A process's work: begun again after an outage, ended when asked to, whatever its cleanup meets."""

import asyncio

import pytest

from hub.bootstrap.running import _again_and_again, beside
from hub.domain.errors import HubError
from hub.sdk.failures import (
    BrokerUnavailableError,
    DecideAgainError,
    StoreUnavailableError,
)

pytestmark = pytest.mark.timeout(10)


class Work:
    """Waits to be stopped, unless a run fails at its beginning or its end."""

    def __init__(self, *, fails: Exception | None = None, cleanup: Exception | None = None) -> None:
        self.runs = 0
        self.waits = asyncio.Event()
        self._fails = fails
        self._cleanup = cleanup

    async def __call__(self, _serve: object) -> None:
        self.runs += 1
        if self._fails is not None and self.runs == 1:
            raise self._fails
        try:
            self.waits.set()
            await asyncio.Event().wait()
        finally:
            if self._cleanup is not None:
                raise self._cleanup


@pytest.mark.parametrize(
    "cleanup",
    [
        BrokerUnavailableError("it does not say goodbye"),
        ExceptionGroup("tasks", [StoreUnavailableError("nor does this")]),
    ],
    ids=["alone", "in a group"],
)
async def test_is_not_begun_again_when_it_was_asked_to_stop(cleanup: Exception) -> None:
    work = Work(cleanup=cleanup)
    running = asyncio.create_task(_again_and_again(work, lambda _ready: None))
    await work.waits.wait()

    running.cancel()
    await asyncio.wait([running], timeout=2)

    is_over = running.done()
    running.cancel()
    await asyncio.wait([running])
    assert is_over
    assert work.runs == 1


async def test_is_begun_again_when_postgres_ended_it_for_another() -> None:
    work = Work(fails=DecideAgainError("40P01: deadlock detected"))
    running = asyncio.create_task(_again_and_again(work, lambda _ready: None))

    async with asyncio.timeout(3):
        await work.waits.wait()
    running.cancel()
    await asyncio.wait([running])

    assert work.runs == 2


async def test_what_fails_beside_the_work_ends_it_and_is_said() -> None:
    said: list[str] = []

    async def fails() -> None:
        await asyncio.sleep(0.01)
        raise HubError("nobody expects it")

    async def serves() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            said.append("the work ended")

    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.timeout(3), beside(fails()):
            await serves()

    assert said == ["the work ended"]
    assert str(raised.value.exceptions[0]) == "nobody expects it"


async def test_what_runs_beside_the_work_outlives_it_and_ends() -> None:
    said: list[str] = []

    async def writes() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            said.append("the last word is written")

    async with asyncio.timeout(3), beside(writes()):
        await asyncio.sleep(0.01)
        said.append("the work ended")

    assert said == ["the work ended", "the last word is written"]
