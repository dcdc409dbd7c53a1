"""What a door refused, told to whoever audits: hash, size and reason, never the body.

Whoever floods a door is written ten times a second and counted always. Nothing here may slow an
answer down or fail it, so what Kafka cannot take now waits in a queue that keeps the newest.
"""

import asyncio
import re
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from hub.adapters.kafka import Message, Outlet
from hub.domain.plain import plain
from hub.sdk.failures import BrokerUnavailableError
from hub.telemetry.logging import presentable
from hub.telemetry.metrics import Metrics

PER_SECOND = 10.0
"""So many refusals of one caller are written each second, and as many at once."""
MAX_CALLERS = 10_000
MAX_WAITING = 10_000
MAX_ROUND = 500
MAX_REASON, MAX_PATH, MAX_NAME = 1_000, 300, 200
QUIET_SECONDS = 5.0
"""After so long without a word from a caller, its last refusal tells how many were not written."""
SWEEP_SECONDS = 1.0
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
LAST_SECONDS = 5.0
"""For so long a process that ends tries to write what is left."""
OURS = re.compile(
    r"[a-z]{2,5}_[a-z0-9]{6,64}(?:_\d{1,6})?|\d{1,8}|(?=(?:\D*\d){0,8}\D*$)[a-z][a-z0-9_.-]{0,62}",
    re.ASCII,
)
"""What a part of a path looks like where it is no name, e-mail or number of a person."""
NOBODY = "hub"
"""Whose a refusal is that proves no tenant."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request that a door did not take."""

    id: str
    at: datetime
    door: str
    path: str
    status: int
    """The HTTP status that was answered."""
    reason: str
    hash: str
    """SHA-256 of what was read of the body, hex."""
    size: int
    tenant: str | None = None
    """Only where a key or a signature has proved it."""
    principal: str | None = None
    suppressed: int = 0
    """How many refusals of the same caller went unwritten before this one."""


def refused(  # noqa: PLR0913 - a refusal has as many parts
    door: str,
    path: str,
    status: int,
    reason: str,
    body: bytes,
    *,
    size: int | None = None,
    tenant: str | None = None,
    principal: str | None = None,
) -> Refusal:
    """A refusal as of now. `size` where more was announced or sent than was read.

    The reason must not quote the body. Of the path nothing is kept that callers make up, nor a query:
    both may name people.
    """
    return Refusal(
        id=f"ref_{uuid.uuid4().hex}",
        at=datetime.now(UTC),
        door=plain(door, MAX_NAME),
        path=_ours(path.partition("?")[0]),
        status=status,
        reason=presentable(reason, MAX_REASON),
        hash=sha256(body).hexdigest(),
        size=len(body) if size is None else size,
        tenant=tenant,
        principal=plain(principal, MAX_NAME) if principal else None,
    )


def _ours(path: str) -> str:
    """A path with those of its parts that may be names of ours, of merchants or ids."""
    parts = path.split("/")
    return plain("/".join(p if not p or OURS.fullmatch(p) else "…" for p in parts), MAX_PATH)


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Refusal).decode


@dataclass(slots=True)
class _Caller:
    """A token bucket, and what it held back."""

    tokens: float
    seen: float
    suppressed: int = 0
    last: Refusal | None = None
    """The newest that was not written."""


@dataclass(slots=True)
class Refusals:
    """Takes note of refusals at once, and writes them when Kafka can take them."""

    outlet: Outlet
    topic: str
    metrics: Metrics
    partition: int = 0
    _callers: OrderedDict[str, _Caller] = field(default_factory=OrderedDict)
    _waiting: deque[Refusal] = field(default_factory=deque)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, refusal: Refusal, peer: str = "") -> None:
        """Count a refusal and have it written, unless its caller floods us. Never raises.

        The caller is the principal, else the peer's address, of which only a hash is kept.
        This counts the request (`hub_door_requests_total`); a door counts what it takes itself.
        """
        self.metrics.door_requests.labels(refusal.door, str(refusal.status)).inc()
        caller = self._caller(_name(refusal, peer))
        if caller.tokens < 1:
            caller.suppressed, caller.last = caller.suppressed + 1, refusal
            self.metrics.refusals_suppressed.labels(refusal.door).inc()
            return
        caller.tokens -= 1
        self._write(msgspec.structs.replace(refusal, suppressed=caller.suppressed))
        caller.suppressed, caller.last = 0, None

    def _caller(self, name: str) -> _Caller:
        now = time.monotonic()
        caller = self._callers.get(name)
        if caller is None:
            caller = self._callers[name] = _Caller(PER_SECOND, now)
            if len(self._callers) > MAX_CALLERS:
                self._settle(self._callers.popitem(last=False)[1])
        self._callers.move_to_end(name)
        caller.tokens = min(PER_SECOND, caller.tokens + (now - caller.seen) * PER_SECOND)
        caller.seen = now
        return caller

    def _settle(self, caller: _Caller) -> None:
        """Write the last refusal held back, which tells of those before it."""
        if caller.last is not None:
            self._write(msgspec.structs.replace(caller.last, suppressed=caller.suppressed - 1))
            caller.suppressed, caller.last = 0, None

    def _write(self, refusal: Refusal) -> None:
        self._waiting.append(refusal)
        self._keep_newest()
        self._news.set()

    def _keep_newest(self) -> None:
        while len(self._waiting) > MAX_WAITING:
            self.metrics.refusals_dropped.labels(self._waiting.popleft().door).inc()

    async def run(self) -> None:
        """Write until cancelled; what waits then is written if Kafka takes it at once."""
        try:
            while True:
                await self._round()
        finally:
            for caller in self._callers.values():
                self._settle(caller)
            await self._last_words()

    async def _round(self) -> None:
        # Not `wait_for`, which may swallow a cancellation that comes together with news.
        with suppress(TimeoutError):
            async with asyncio.timeout(SWEEP_SECONDS):
                await self._news.wait()
        self._sweep()
        failures = 0
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(MAX_ROUND, len(self._waiting)))]
            try:
                await self.outlet.send(self.topic, self.partition, _messages(taken))
                failures = 0
            except BaseException as error:
                # It may have landed; whoever reads knows it by its id.
                self._waiting.extendleft(reversed(taken))
                self._keep_newest()
                if not isinstance(error, BrokerUnavailableError):
                    raise
                self.metrics.infrastructure.labels(type(error).__name__).inc()
                await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
                failures += 1
        self._news.clear()

    def _sweep(self) -> None:
        """Forget who has been quiet; the oldest come first."""
        until = time.monotonic() - QUIET_SECONDS
        while self._callers and next(iter(self._callers.values())).seen < until:
            self._settle(self._callers.popitem(last=False)[1])

    async def _last_words(self) -> None:
        if self._waiting:
            try:
                async with asyncio.timeout(LAST_SECONDS):
                    await self.outlet.send(self.topic, self.partition, _messages(self._waiting))
            except (BrokerUnavailableError, TimeoutError):
                for refusal in self._waiting:
                    self.metrics.refusals_dropped.labels(refusal.door).inc()
            self._waiting.clear()


def _name(refusal: Refusal, peer: str) -> str:
    if refusal.principal:
        return f"{refusal.tenant or NOBODY}/{refusal.principal}"
    return sha256(peer.encode("utf-8", "replace")).hexdigest()[:16]


def _messages(refusals: Iterable[Refusal]) -> list[Message]:
    kind = [("content-type", b"application/json")]
    return [Message((one.tenant or NOBODY).encode(), encode(one), kind) for one in refusals]
