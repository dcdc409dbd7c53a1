"""Asking shops what decisions need of them, beside the partitions that wait for nobody."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import structlog
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from connectors.sdk import (
    ShopOrder,
    SourceRefusesError,
    SourceUnavailableError,
    UntranslatableError,
    Verify,
)
from hub.access.keyring import Keyring, SealError
from hub.access.sources import Source, Sources, UnusableError
from hub.adapters.postgres import Database
from hub.delivery.egress import ForbiddenError
from hub.delivery.shop_comparing import compared
from hub.delivery.shop_lines import ShopLines
from hub.domain.errors import HubError
from hub.ledger.breakers import Breakers, Dependency
from hub.ledger.outside import NotAnsweredError, PendingError
from hub.ledger.shop_answers import keep_answer
from hub.sdk.asking import UnansweredError
from hub.sdk.events import AskShop
from hub.sdk.failures import StoreUnavailableError
from hub.telemetry.logging import presentable

log = structlog.get_logger()

PATIENCE_SECONDS = 5.0
LOOK_SECONDS = 0.5
"""Until an event whose shop is being asked is looked at again; the more are asked before it, the later."""
SHORT_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Whoever asks to be left alone for longer is not asked again in one go; nobody is left alone for ever."""
LATEST_LOOK = 15.0
"""The longest such pause: whoever is asked may vanish with its process, and nobody tells the event."""
AT_ONCE = 4
MOST_ASKED = 200
"""Of one shop, being asked or waiting for a line; what comes then looks again later."""
MOST_KEPT = 10_000


class NotReadyError(HubError):
    """The source of a shop cannot be asked yet; the message says what to do."""


AWAY = (
    SourceUnavailableError,
    UntranslatableError,
    httpx.HTTPError,
    httpx.InvalidURL,
    TimeoutError,
    ForbiddenError,
    UnusableError,
    SealError,
    NotReadyError,
)
"""None of these says anything of the order: it is asked again."""
Key = tuple[str, str]


@dataclass(slots=True)
class ShopAsker:
    """Whom a worker has asked, and who did not answer. Answers stand in Postgres."""

    database: Database
    keyring: Keyring
    sources: Sources
    lines: ShopLines
    breakers: Breakers
    patience: float = PATIENCE_SECONDS
    """Seconds for all attempts of one go."""
    _asking: dict[Key, "asyncio.Task[None]"] = field(default_factory=dict)
    _queued: Counter[Dependency] = field(default_factory=Counter)
    _probed: set[Dependency] = field(default_factory=set)
    """Who is away and being asked all the same: one question is enough to find out."""
    _wrong: dict[Key, Exception] = field(default_factory=dict)
    """Why there is no answer; each event is told once."""
    _why: dict[Dependency, str] = field(default_factory=dict)
    """What was heard last instead of an answer."""

    def heard(self, error: UnansweredError, *, insists: bool) -> Exception:
        """Why an event cannot be decided yet; begins to ask where nobody does."""
        ask, dependency = error.ask, _dependency(error.ask, error.source)
        key = (ask.tenant, ask.key)
        is_away = self.breakers.is_open(dependency)
        if key not in self._asking:
            wrong = self._wrong.pop(key, None)
            if wrong is not None and not is_away:
                return wrong
            if is_away and (not insists or dependency in self._probed):
                why = self._why.get(dependency, f"{dependency.name} does not answer")
                return PendingError(f"{why}; it waits until that is back", dependency.name, None)
            if self._queued[dependency] >= MOST_ASKED:
                message = f"{dependency.name} is being asked for {MOST_ASKED} others first"
                return PendingError(message, dependency.name, LATEST_LOOK)
            self._begin(key, ask, error.source, probes=is_away)
        later = LOOK_SECONDS * (1 + self._queued[dependency] // AT_ONCE)
        message = f"{dependency.name} is being asked"
        return PendingError(message, dependency.name, min(later, LATEST_LOOK))

    def _begin(self, key: Key, ask: AskShop, source: str, *, probes: bool) -> None:
        """Ask beside whatever goes on. The error is not kept: it holds all that was being decided."""
        dependency = _dependency(ask, source)
        self._queued[dependency] += 1
        if probes:
            self._probed.add(dependency)
        self._asking[key] = asyncio.create_task(self._ask(key, ask, source, probes=probes))

    async def aclose(self) -> None:
        """Ask no more."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        if asking:
            await asyncio.wait(asking)
        await self.lines.aclose()

    async def _ask(self, key: Key, ask: AskShop, source: str, *, probes: bool) -> None:
        dependency = _dependency(ask, source)
        try:
            await self._answer(ask, source, probes=probes)
        except AWAY as wrong:
            await self._note(key, dependency, wrong)
        except StoreUnavailableError as wrong:
            # The shop is not to blame. Nothing was kept, so the event asks anew when it is tried.
            log.warning("infrastructure.away", reason=str(wrong))
        except Exception as wrong:  # noqa: BLE001 - a fault of ours: the event is set aside with it
            self._remember(key, wrong)
        finally:
            self._asking.pop(key, None)
            self._queued -= Counter([dependency])
            if probes:
                self._probed.discard(dependency)

    async def _answer(self, ask: AskShop, name: str, *, probes: bool) -> None:
        dependency = _dependency(ask, name)
        source, verify, token = await self._ready(ask.tenant, name)
        url = verify.address(source.settings)
        async with self.lines.taken(dependency, url, verify.at_once) as client:
            if self.breakers.is_open(dependency) and not probes:
                # It went away while this one waited for a line.
                return
            asking = partial(verify.find, client, source.settings, token, ask.order)
            orders = await _patiently(verify, asking, self.patience)
        at = datetime.now(UTC)
        hashed = partial(self.keyring.hashed, ask.tenant, "email")
        await keep_answer(self.database, ask, compared(orders, ask, hashed, name, at))
        self._forget(dependency)
        self.breakers.worked(dependency)
        await self.breakers.tell()

    async def _ready(self, tenant: str, name: str) -> tuple[Source, Verify[Any], str]:
        """The source, how it is asked and with what.

        Raises:
            NotReadyError, UnusableError, SealError: a person has to do something first.

        """
        source = await self.sources.usable(tenant, name)
        if source is None:
            message = f"{tenant} has no source {name!r}; make it with `hub source set`"
            raise NotReadyError(message)
        verify = source.connector.verify
        if verify is None:
            message = (
                f"connector {source.connector.name} cannot be asked about orders; "
                "name the source of a shop in the policy shop_verification"
            )
            raise NotReadyError(message)
        token = source.token
        if token is None:
            message = f"it has no token; give it with `hub source token {tenant} {name}`"
            raise NotReadyError(message)
        return source, verify, token

    async def _note(self, key: Key, dependency: Dependency, wrong: Exception) -> None:
        pause = min(_pause(wrong), LONGEST_PAUSE)
        said = presentable(str(wrong) or type(wrong).__name__)
        message = f"{dependency.name} does not answer: {said}"
        self._remember(key, NotAnsweredError(message, dependency.name, pause))
        self.breakers.failed(dependency, message, pause)
        if self.breakers.is_open(dependency):
            # Whoever needs it waits for it from now on: nobody is told of this later, when it may be back.
            self._forget(dependency)
        self._why[dependency] = message
        try:
            await self.breakers.tell()
        except StoreUnavailableError as error:
            log.warning("infrastructure.away", reason=str(error))

    def _forget(self, dependency: Dependency) -> None:
        self._why.pop(dependency, None)
        self._wrong = {k: one for k, one in self._wrong.items() if not _is_of(one, dependency, k)}

    def _remember(self, key: Key, wrong: Exception) -> None:
        # Of an event that moved to another worker nobody asks here any more.
        while len(self._wrong) >= MOST_KEPT:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[key] = wrong


def _dependency(ask: AskShop, source: str) -> Dependency:
    """As its tenant needs it: another's token may be refused alone."""
    return Dependency(ask.tenant, f"shop {source}")


def _is_of(wrong: Exception, dependency: Dependency, key: Key) -> bool:
    """Whether this is that somebody did not answer who has answered now."""
    away = wrong.dependency if isinstance(wrong, NotAnsweredError) else None
    return (key[0], away) == dependency


async def _patiently(
    verify: Verify[Any], asking: Callable[[], Awaitable[Sequence[ShopOrder]]], seconds: float
) -> Sequence[ShopOrder]:
    trying = AsyncRetrying(
        retry=retry_if_exception(_is_worth_it),
        stop=stop_after_attempt(verify.attempts) | stop_after_delay(seconds),
        wait=wait_random_exponential(multiplier=0.1, max=SHORT_PAUSE),
        reraise=True,
    )
    async with asyncio.timeout(2 * seconds):
        return await trying(asking)


def _is_worth_it(error: BaseException) -> bool:
    """Whether it may answer within the moment."""
    passing = isinstance(error, (SourceUnavailableError, httpx.RequestError))
    return passing and not isinstance(error, SourceRefusesError) and _pause(error) <= SHORT_PAUSE


def _pause(error: BaseException) -> float:
    """Seconds for which the shop wants to be left alone; none where it says nothing sensible."""
    asked = error.retry_after if isinstance(error, SourceUnavailableError) else None
    return asked if asked is not None and 0 < asked < float("inf") else 0.0
