"""`python -m hub.dev.prove.claims`: a list of claims costs the same however many there are, by whatever it is narrowed.

100,000 open claims of one merchant beside another's, and every filter that the API offers, read as the API reads
them. The bar is `SELECT 1` on the same connection, asked in turns with them.
"""

import argparse
import os
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hub.adapters.postgres import Queries, connect, connect_for_tenants
from hub.api import claim_shelf
from hub.api.claim_filters import ClaimFilters
from hub.dev.crash.installation import TENANT, Installation
from hub.dev.crash.run import say
from hub.dev.prove.claim_rows import (
    BEGAN,
    BRANCHES,
    CUSTOMERS,
    ISSUES,
    PRODUCTS,
    SOURCES,
    a_ref,
    fill,
)
from hub.dev.prove.staged import staged

OTHER = "globex"
MOST_TIMES = 20
"""So many times as long as `SELECT 1` a page may take, each at its 99th percentile."""
NOTHING = "select 1"
WARM = 3
MODES = ("force_custom_plan", "force_generic_plan")
Make = Callable[[random.Random, int], dict[str, Any]]


def _cursor(chance: random.Random) -> str:
    return f"{a_ref(chance.random())}_1"


def _customer(chance: random.Random) -> str:
    return f"cus_{a_ref(TENANT, 'customer', chance.randrange(CUSTOMERS))}"


def _time(chance: random.Random, count: int) -> datetime:
    return BEGAN + timedelta(minutes=3 * chance.randrange(count))


def _day(chance: random.Random, count: int) -> dict[str, Any]:
    begins = _time(chance, count)
    ends = begins + timedelta(days=1)
    return {"filed_from": begins.isoformat(), "filed_to": ends.isoformat()}


def _far_behind(chance: random.Random, count: int) -> dict[str, Any]:
    micros = int(_time(chance, count).timestamp()) * 10**6
    return {"filed_from": BEGAN.isoformat(), "cursor": f"{micros}.{_cursor(chance)}"}


LISTS: dict[str, Make] = {
    "all": lambda _, __: {},
    "cursor": lambda c, _: {"cursor": _cursor(c)},
    "state": lambda c, _: {"state": c.choice(("staged", "submitted", "awaiting_info", "denied"))},
    "open": lambda c, _: {"open": True, "cursor": _cursor(c)},
    "over": lambda c, _: {"open": False, "cursor": _cursor(c)},
    "warranty": lambda c, n: {"warranty": f"wty_{a_ref(TENANT, c.randrange(n))}_1"},
    "issue": lambda c, _: {"issue": f"issue-{c.randrange(ISSUES)}"},
    "product": lambda c, _: {"product": f"P-{c.randrange(PRODUCTS)}"},
    "branch": lambda c, _: {"branch": f"branch-{c.randrange(BRANCHES)}"},
    "customer": lambda c, _: {"customer": _customer(c)},
    "reference": lambda c, n: {"source": c.choice(SOURCES), "reference": f"R-{c.randrange(n)}"},
    "code": lambda c, _: {"code": c.choice(("evidence_missing", "photos", "description"))},
    "no_such_code": lambda _, __: {"code": "wrong_owner"},
    "code_later": lambda c, _: {"code": "photos", "cursor": _cursor(c)},
    "filed": _day,
    "filed_later": _far_behind,
    "several": lambda c, _: {
        "state": "staged",
        "branch": f"branch-{c.randrange(BRANCHES)}",
        "open": True,
    },
}
"""By name: a list as somebody may ask for it, another one each time; each filter of the API is among them."""


@dataclass(slots=True)
class Explained:
    """Queries that are explained instead of being asked."""

    queries: Queries
    plans: list[str] = field(default_factory=list)

    async def fetch(self, sql: str, *values: object) -> list[Any]:
        rows = await self.queries.fetch(f"explain {sql}", *values)
        self.plans.append("\n".join(row[0] for row in rows))
        return []

    async def execute(self, sql: str, *values: object) -> str:
        return await self.queries.execute(sql, *values)

    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        await self.queries.executemany(sql, rows)


async def prove(place: Installation, count: int, reads: int, seed: int) -> dict[str, Any]:
    """Fill a merchant's claims and another's, then read every list so many times."""
    await place.prepare()
    await place.run("tenant", "set", OTHER, "--coverage-months", "24")
    chance = random.Random(seed)  # noqa: S311 - a repeatable mixture
    return await measured(place.dsn, count, reads, chance)


async def measured(dsn: str, count: int, reads: int, chance: random.Random) -> dict[str, Any]:
    """The figures of a migrated database that has both merchants."""
    database, began = await connect(dsn, size=1), time.monotonic()
    try:
        await fill(database, TENANT, count, chance)
        await fill(database, OTHER, count // 5, chance)
        await database.execute("analyze claim, claim_code")
    finally:
        await database.close()
    say(f"{count:,} open claims are there after {time.monotonic() - began:.0f} s")
    tenants = await connect_for_tenants(dsn, size=1)
    try:
        async with tenants.speaking_for(TENANT) as queries:
            scans = await sequential(queries, chance, count)
            took = await timed(queries, chance, count, reads)
    finally:
        await tenants.close()
    return judged(took, scans, count, reads)


async def sequential(queries: Queries, chance: random.Random, count: int) -> list[str]:
    """The lists that would read a whole table, planned for their values and for any."""
    found = []
    for mode in MODES:
        await queries.execute(f"set local plan_cache_mode = {mode}")
        for name, make in LISTS.items():
            explained = Explained(queries)
            await claim_shelf.page(explained, filters(make, chance, count))
            found += [f"{name}, {mode}: {one}" for one in explained.plans if "Seq Scan" in one]
    await queries.execute("set local plan_cache_mode = auto")
    return found


def filters(make: Make, chance: random.Random, count: int) -> ClaimFilters:
    """What is asked for."""
    return ClaimFilters.model_validate(make(chance, count))


async def timed(
    queries: Queries, chance: random.Random, count: int, reads: int
) -> dict[str, list[float]]:
    """How long each read took, in seconds, by list; `nothing` is what they are compared with."""
    took: dict[str, list[float]] = defaultdict(list)
    for turn in range(WARM + reads):
        for name, make in LISTS.items():
            asked = filters(make, chance, count)
            page = await _took(lambda asked=asked: claim_shelf.page(queries, asked))  # type: ignore[misc] # bound now
            nothing = await _took(lambda: queries.fetch(NOTHING))
            if turn >= WARM:
                took[name].append(page)
                took["nothing"].append(nothing)
    return took


async def _took(ask: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await ask()
    return time.perf_counter() - began


def p99(took: Sequence[float]) -> float:
    """In milliseconds."""
    return round(sorted(took)[int(len(took) * 0.99)] * 1000, 3)


def judged(
    took: dict[str, list[float]], scans: list[str], count: int, reads: int
) -> dict[str, Any]:
    """The figures, and whether they are within the bar."""
    nothing = p99(took.pop("nothing"))
    lists = {name: p99(some) for name, some in took.items()}
    slowest = max(lists, key=lambda name: lists[name])
    return {
        "open_claims": count,
        "reads": reads,
        "select_1_p99_ms": nothing,
        "bar_ms": round(MOST_TIMES * nothing, 3),
        "lists_p99_ms": lists,
        "slowest": slowest,
        "slowest_times": round(lists[slowest] / nothing, 1),
        "sequential_scans": scans,
        "load": [round(each, 2) for each in os.getloadavg()],
        "ok": not scans and lists[slowest] <= MOST_TIMES * nothing,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.prove.claims", description=__doc__)
    parser.add_argument("--claims", type=int, default=100_000, help="open ones of one merchant")
    parser.add_argument("--reads", type=int, default=300, help="of each list")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000))
    asked = parser.parse_args()

    async def proved(place: Installation) -> dict[str, Any]:
        figures = await prove(place, asked.claims, asked.reads, asked.seed)
        return figures | {"seed": asked.seed}

    return staged("claims", asked.seed, proved)


if __name__ == "__main__":
    raise SystemExit(main())
