"""Questions of many callers, asked together: who comes while a round is under way shares the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hub.sdk.failures import DecideAgainError, StoreUnavailableError

T = TypeVar("T")
R = TypeVar("R")

MOST = 200
"""Questions of one round."""


@dataclass(frozen=True, slots=True)
class _Asked(Generic[T, R]):
    question: T
    answer: "asyncio.Future[R]"


class Coalescer(Generic[T, R]):
    """One round in flight, whatever the number of callers; a round that fails fails all in it."""

    def __init__(self, go: Callable[[Sequence[T]], Awaitable[Sequence[R]]]) -> None:
        """`go` asks the questions of a round and gives their answers in the same order."""
        self._go = go
        self._waiting: list[_Asked[T, R]] = []
        self._rounds: asyncio.Task[None] | None = None

    async def ask(self, question: T) -> R:
        """Ask, alone or together with whoever else asks now. A caller that leaves stops nobody."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(question, answer))
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                answers = await self._go([one.question for one in asked])
            except Exception as error:  # noqa: BLE001 - whoever asked raises it
                _fail(asked, error)
            except asyncio.CancelledError:
                _fail([*asked, *self._waiting], StoreUnavailableError("a round was broken off"))
                self._waiting = []
                raise
            else:
                for one, answer in zip(asked, answers, strict=True):
                    if not one.answer.done():
                        one.answer.set_result(answer)


def _fail(asked: Sequence[_Asked[T, R]], error: Exception) -> None:
    for one in asked:
        if not one.answer.done():
            # One error a caller where many are usual: a traceback grows with everyone who raises it.
            away = isinstance(error, (StoreUnavailableError, DecideAgainError))
            one.answer.set_exception(type(error)(str(error)) if away else error)
