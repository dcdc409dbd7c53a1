"""Fetching what records need beyond what they say, once, before they are translated."""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from connectors.sdk import Enrich, SourceUnavailableError, refused, untranslatable
from hub.access.keyring import Keyring
from hub.access.sources import Source
from hub.adapters.answers import MAX_BYTES
from hub.adapters.postgres import Database
from hub.domain.errors import MAX_NAME, UnavailableError
from hub.intake.fetched import forget, keep, stored
from hub.intake.lines import Lines
from hub.intake.meaning import Landed, Missing, record_of
from hub.ledger.breakers import Breakers, Dependency
from hub.telemetry.logging import presentable

PATIENCE_SECONDS = 5.0
"""For all attempts of one go: what else lands in the partition waits meanwhile."""
REQUEST_SECONDS = 3.0
SHORT_HOLIDAY, LONGEST_HOLIDAY = 1.0, 300.0
"""Whoever asks to be left alone for longer is not asked again in one go; nobody is left alone for ever."""
GONE = (SourceUnavailableError, httpx.RequestError, TimeoutError)
TICK_SECONDS, IDLE_TICKS = 0.25, 4
"""So long others in the partition wait though nobody answers. Who asks on meanwhile is heard at its next turn."""
AGAIN_SECONDS = 1.0

Found = bytes | Missing
Key = tuple[int, int, bytes | None]
"""Partition, offset and payload."""


class _BrokenOffError(Exception):
    """A connector's fetch was cancelled by its own doing."""


@dataclass(frozen=True, slots=True)
class Need:
    """A record that says less than it means, and where the rest is asked for."""

    landed: Landed
    source: Source
    enrich: Enrich[Any]
    insists: bool
    """Ask even what is known to be away."""

    def key(self, part: int) -> Key:
        """What tells its answer from any other."""
        return part, self.landed.offset, self.landed.payload.value

    @property
    def dependency(self) -> Dependency:
        """As its tenant needs it: another's credentials may be refused alone."""
        asked = self.enrich.dependency(self.source.settings)
        return Dependency(
            self.source.tenant, presentable(f"{self.source.name} at {asked}", MAX_NAME)
        )

    async def fetch(self, client: httpx.AsyncClient) -> bytes:
        """Ask, patiently.

        Raises:
            SourceUnavailableError: it may answer another time; as may whatever else is in `GONE`.
            UntranslatableError: it never will.

        """
        trying = AsyncRetrying(
            retry=retry_if_exception(_is_worth_it),
            stop=stop_after_attempt(self.enrich.attempts) | stop_after_delay(PATIENCE_SECONDS),
            wait=wait_random_exponential(multiplier=0.1, max=SHORT_HOLIDAY),
            reraise=True,
        )
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            return await trying(self._once, client)

    async def _once(self, client: httpx.AsyncClient) -> bytes:
        try:
            return await self.enrich.fetch(client, record_of(self.landed), self.source.settings)
        except httpx.HTTPStatusError as error:
            raise refused(error.response) from error


@dataclass(slots=True)
class Enricher:
    """What every lane of a translator fetches with."""

    topic: str
    database: Database
    keyring: Keyring
    lines: Lines
    breakers: Breakers
    _asking: dict[Key, "asyncio.Task[Found]"] = field(default_factory=dict)
    """What was not answered in its turn."""
    _begun: set[Key] = field(default_factory=set)
    """Who has a line just now."""

    async def fetch(
        self,
        part: int,
        landed: Iterable[Landed],
        sources: Mapping[tuple[str, str], Source | None],
        insist: Collection[int] = (),
    ) -> dict[int, Found]:
        """What each record needs, by offset, or why it is not to be had; nothing for one that needs nothing.

        `insist` names the offsets for which even what is known to be away is asked.
        """
        needs, found = _sorted(landed, sources, insist)
        if not needs:
            return found
        place, records = (self.topic, part), [one.landed for one in needs]
        found |= await stored(self.database, self.keyring, *place, records)
        missing = [one for one in needs if one.landed.offset not in found]
        await self.breakers.look()
        said = await self._answers(part, missing)
        new = {
            one.landed.offset: (one.landed, body)
            for one in missing
            if isinstance(body := said[one.landed.offset], bytes)
        }
        # Before anything is said of it: a crash must not let the same record mean something else.
        return found | said | await keep(self.database, self.keyring, *place, new)

    async def _answers(self, part: int, needs: Sequence[Need]) -> dict[int, Found]:
        """What each is answered in this turn; who is not answered yet goes on asking."""
        new = {
            key: asyncio.create_task(self._ask(one, key))
            for one in needs
            if (key := one.key(part)) not in self._asking
        }
        await _in_turn(list(new.values()))
        asking = self._asking | new
        said = {one.landed.offset: self._said(one, one.key(part), asking) for one in needs}
        # Who has not even begun to ask does so in another turn: nobody asks more than can be answered.
        await _end(
            [task for key, task in new.items() if key not in self._asking and not task.done()]
        )
        return said

    def _said(self, need: Need, key: Key, asking: Mapping[Key, "asyncio.Task[Found]"]) -> Found:
        task = asking[key]
        if task.done():
            self._asking.pop(key, None)
            return task.result()
        begun = key in self._begun
        if begun:
            self._asking[key] = task
        later = _away(need.dependency, "no answer yet")
        return Missing(later, counts=False, pause=AGAIN_SECONDS, asked=begun)

    async def aclose(self) -> None:
        """Ask no more."""
        asking, self._asking = self._asking, {}
        await _end(asking.values())

    async def forget(self, part: int, before: int) -> None:
        """Delete what was fetched for records before this offset, where none waits."""
        await forget(self.database, self.topic, part, before)

    async def _ask(self, need: Need, key: Key) -> Found:
        try:
            dependency = need.dependency
            async with self.lines.taken(dependency, need.enrich.at_once) as client:
                if self.breakers.is_open(dependency) and not need.insists:
                    return Missing(_away(dependency, "waits until it is back"), counts=False)
                self._begun.add(key)
                try:
                    return await self._fetch(need, dependency, client)
                finally:
                    self._begun.discard(key)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody stops this one: what a connector waited for together with others was given up by them.
            return Missing(_BrokenOffError(repr(error)))
        except Exception as error:  # noqa: BLE001 - the record is kept with it, whatever it is
            return Missing(error)

    async def _fetch(self, need: Need, dependency: Dependency, client: httpx.AsyncClient) -> Found:
        was_open = self.breakers.is_open(dependency)
        try:
            body = await need.fetch(client)
        except GONE as error:
            pause = min(holiday(error), LONGEST_HOLIDAY)
            away = _away(dependency, f"{type(error).__name__}: {error}".removesuffix(": "))
            self.breakers.failed(dependency, str(away), pause)
            return Missing(away, counts=not was_open, pause=pause)
        if not isinstance(body, bytes):
            # What is no bytes could not be kept, so a replay would mean something else.
            raise TypeError(f"fetch gave {type(body).__name__}; give bytes")
        self.breakers.worked(dependency)
        if len(body) > MAX_BYTES:
            message = f"fetch gave {len(body)} bytes; a record may need {MAX_BYTES}"
            return Missing(untranslatable("enrichment_too_large", message))
        return body


def _sorted(
    landed: Iterable[Landed],
    sources: Mapping[tuple[str, str], Source | None],
    insist: Collection[int],
) -> tuple[list[Need], dict[int, Found]]:
    """Those that need something, and those of which not even that can be said."""
    needs: list[Need] = []
    found: dict[int, Found] = {}
    for one in landed:
        source = sources.get((one.tenant, one.source)) if one.envelope else None
        try:
            enrich = needed(one, source)
        except Exception as error:  # noqa: BLE001 - a connector's fault is kept with its record
            found[one.offset] = Missing(error)
            continue
        if source is not None and enrich is not None:
            needs.append(Need(one, source, enrich, one.offset in insist))
    return needs, found


def needed(landed: Landed, source: Source | None) -> Enrich[Any] | None:
    """How to complete a record; None where it says all that it means."""
    enrich = source.connector.enrich if source is not None else None
    return enrich if enrich is not None and enrich.needed(record_of(landed)) else None


def _is_worth_it(error: BaseException) -> bool:
    return isinstance(error, GONE) and holiday(error) <= SHORT_HOLIDAY


def holiday(error: BaseException) -> float:
    """Seconds for which a source wants to be left alone; none where it says nothing sensible."""
    try:
        seconds = float(getattr(error, "retry_after", None) or 0.0)
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, seconds) if seconds == seconds else 0.0  # noqa: PLR0124 - NaN is not itself


async def _in_turn(tasks: Sequence["asyncio.Task[Found]"]) -> None:
    """Wait for answers as long as some come."""
    idle, open_, until = 0, len(tasks), time.monotonic() + PATIENCE_SECONDS
    try:
        while open_ and idle < IDLE_TICKS and time.monotonic() < until:
            await asyncio.wait(tasks, timeout=TICK_SECONDS)
            left = sum(not task.done() for task in tasks)
            idle, open_ = (idle + 1 if left == open_ else 0), left
    except asyncio.CancelledError:
        await _end(tasks)
        raise


async def _end(tasks: Collection["asyncio.Task[Found]"]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def _away(dependency: Dependency, reason: str) -> UnavailableError:
    return UnavailableError(f"{dependency.name} does not answer: {reason}", dependency.name)
