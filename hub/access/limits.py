"""How many requests a caller has a minute, counted once for all processes that answer.

A caller's minute is a bucket that fills evenly (GCRA): all of it may be used at once, and then as much as
has come back since. A process takes from a large bucket in blocks, so that it need not ask each time.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from hub.access.permissions import Role
from hub.adapters.postgres import Database, TenantDatabase
from hub.audit.entries import By, Entry, record
from hub.domain.errors import HubError


class Limit(StrEnum):
    """What a request counts as."""

    READ = "read"
    WRITE = "write"
    AUTH = "auth"
    UPLOAD = "upload"


DEFAULTS = {Limit.READ: 100, Limit.WRITE: 30, Limit.AUTH: 5, Limit.UPLOAD: 10}
"""A minute, for each caller of a tenant."""
PEERS = 4
"""So many accounts' worth of tries an address has: people of one shop share one."""
OPERATORS = 10
"""So many callers' worth has an operator, who looks after every tenant."""
HUNDREDTHS = 100
"""A block is a hundredth of a minute's worth."""
MOST_BLOCK = 1_000
BLOCK_SECONDS = 30.0
"""What a process took and has not used by then is not used any more: it has come back meanwhile."""
REMEMBERED = 10_000

TAKE = "select taken, per_minute, remaining, wait from hub_take($1, $2, $3, $4, $5)"
SET = """
insert into tenant_limit (tenant, kind, per_minute) values ($1, $2, $3)
on conflict (tenant, kind) do update set per_minute = excluded.per_minute
"""
OF = "select kind, per_minute from tenant_limit where tenant = $1"
THERE = "select 1 from tenant where id = $1 and erased_at is null"


class LimitError(HubError):
    """No such limit can be set."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands after a request."""

    kind: Limit
    per_minute: int
    remaining: int
    wait: float = 0.0
    """Seconds until the next one is taken; 0 where this one was."""

    @property
    def is_taken(self) -> bool:
        """Whether the request may go on."""
        return self.wait == 0

    @property
    def headers(self) -> dict[str, str]:
        """As the IETF draft of the RateLimit fields has it."""
        full = max(1, round(60 * (1 - self.remaining / self.per_minute)))
        return {
            "RateLimit-Policy": f'"{self.kind}";q={self.per_minute};w=60',
            "RateLimit": f'"{self.kind}";r={self.remaining};t={full}',
        }


@dataclass(slots=True)
class _Block:
    """What a process has of a caller's minute."""

    left: int = 0
    until: float = 0.0
    per_minute: int = 0
    remaining: int = 0
    shut_until: float = 0.0
    """Nothing has come back before then."""


class Limits:
    """Takes requests from callers' minutes."""

    def __init__(self, database: TenantDatabase) -> None:
        """Count in this database."""
        self._database = database
        self._blocks: OrderedDict[bytes, _Block] = OrderedDict()

    async def take(self, tenant: str, caller: str, kind: Limit, *, times: int = 1) -> Standing:
        """Count one request of a caller; `times` widens what it has by default.

        Raises:
            StoreUnavailableError: it cannot be counted now.

        """
        bucket = _bucket(tenant, caller, kind)
        block = self._block(bucket)
        if block.left > 0 and time.monotonic() < block.until:
            block.left -= 1
            return Standing(kind, block.per_minute, block.remaining + block.left)
        wanted = min(MOST_BLOCK, max(1, block.per_minute // HUNDREDTHS))
        values = (bucket, tenant, kind, DEFAULTS[kind] * times, wanted)
        (row,) = await self._database.fetch(TAKE, *values)
        block.per_minute, block.remaining = row["per_minute"], row["remaining"]
        now = time.monotonic()
        if not row["taken"]:
            block.shut_until = now + row["wait"]
            return Standing(kind, row["per_minute"], 0, max(0.001, row["wait"]))
        # Several may have asked at once: each adds what it was given.
        block.left = (block.left if now < block.until else 0) + row["taken"] - 1
        block.until = now + BLOCK_SECONDS
        return Standing(kind, row["per_minute"], row["remaining"] + block.left)

    def used_up(self, tenant: str, caller: str, kind: Limit) -> Standing | None:
        """What a caller heard last, while nothing can have come back; None where it has to be asked."""
        block = self._blocks.get(_bucket(tenant, caller, kind))
        left = block.shut_until - time.monotonic() if block else 0.0
        return Standing(kind, block.per_minute, 0, left) if block and left > 0 else None

    def _block(self, bucket: bytes) -> _Block:
        block = self._blocks.get(bucket)
        if block is None:
            block = self._blocks[bucket] = _Block()
            if len(self._blocks) > REMEMBERED:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(bucket)
        return block


def _bucket(tenant: str, caller: str, kind: Limit) -> bytes:
    return sha256(f"{tenant}\x1f{caller}\x1f{kind}".encode()).digest()[:16]


async def set_limits(database: Database, tenant: str, limits: dict[Limit, int], by: By) -> None:
    """Say how many requests a minute each caller of a tenant has.

    Raises:
        LimitError: there is no such tenant.

    """
    async with database.transaction() as queries:
        if not await queries.fetch(THERE, tenant):
            raise LimitError(f"there is no tenant {tenant!r}; run: hub tenant set {tenant}")
        for kind, per_minute in limits.items():
            await queries.execute(SET, tenant, kind, per_minute)
        said = {kind.value: per_minute for kind, per_minute in limits.items()}
        entry = Entry(tenant=tenant, action="limits:changed", subject=tenant, by=by, doc=said)
        await record(queries, entry)


async def limits_of(database: Database, tenant: str) -> dict[Limit, int]:
    """What each caller of a tenant has a minute."""
    rows = await database.fetch(OF, tenant)
    return DEFAULTS | {Limit(row["kind"]): row["per_minute"] for row in rows}


LOAD = {Limit.READ: 1_000_000, Limit.WRITE: 1_000_000}
"""For installations whose load is what is looked at."""
SYSTEM = By(kind="operator", id="command line", role=Role.OPERATOR)
