"""`python -m hub.dev.prove.audit`: five ways of tampering with a long audit log, and each is found.

The rows are made by COPY and linked by the real chainer, whose heads go to a real Kafka. Each kind of
tampering is done in a transaction that is undone afterwards, and the log is verified as it stands then.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.adapters.kafka import KafkaSettings, Peek
from hub.adapters.postgres import ENGINE, Database, Queries, connect
from hub.audit.chainer import Chainer
from hub.audit.heads import Head, Signer, Trusted
from hub.audit.linking import Linker
from hub.audit.verifying import Verdict, told_heads, verify
from hub.dev.bench.measure import cpu_seconds, load
from hub.dev.crash.installation import Installation
from hub.dev.crash.run import say
from hub.dev.prove.staged import staged
from hub.settings import DEVELOPMENT_KEY
from hub.telemetry.metrics import Metrics
from schemas.topics import AUDIT

TENANT = "acme"
ROUND = 50_000
MOST_CPU_SECONDS = 60.0
"""That verifying a million rows may take; of fewer, as much less."""
MILLION = 1_000_000
LINK_SECONDS = 1_800.0
COLUMNS = (
    "tenant",
    "at",
    "action",
    "subject",
    "by_kind",
    "by_id",
    "why",
    "origin",
    "correlation",
    "doc",
)
TEXTS = (
    "tenant, at, added_at, action, subject, by_kind, by_id, by_role, why, origin, correlation, doc"
)
LINKED = "select count(*) from audit_chain where tenant = $1 and seq = $2 and sent_seq = head_seq"


class NotLinkedError(RuntimeError):
    """The chainer did not come to the end of the log in time."""


class _UndoneError(Exception):
    """Takes a transaction back."""


@dataclass(frozen=True, slots=True)
class Tampering:
    """One way, the place it is done at, and how it is done."""

    kind: str
    seq: int
    act: Callable[[Queries], Awaitable[object]]


def rows(count: int, first: int) -> Iterator[tuple[Any, ...]]:
    """Entries as a follower makes them of a ledger."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for n in range(first, first + count):
        home = f"{n % 200_000:016x}"
        payload = f'{{"order":{{"namespace":"till","reference":"R-{n}"}},"lines":[{{"line":"1"}}]}}'
        doc = (
            f'{{"stage":"decided","status":"applied","source":"till-{n % 40}","event":"evt-{n}",'
            f'"home":"{home}","type":"sale.recorded.v1","payload":{payload},'
            f'"said":[{{"type":"warranty.activated.v1","subject":"wty_{home}_1"}}]}}'
        )
        at = noon + timedelta(seconds=n)
        yield (
            *(TENANT, at, "event:decided", home, "source", f"till-{n % 40}"),
            *("" if n % 50 else "link timed out", "warranty.intake.v1", f"raw_{n}", doc),
        )


def tamperings(last: int, chance: random.Random) -> list[Tampering]:
    """Five ways, each somewhere; a row is put in near the end, for all behind it get new numbers."""
    changed, deleted, here = (chance.randrange(2, last - 1_500) for _ in range(3))
    there, into = here + chance.randrange(1, 900), last - chance.randrange(10, 900)

    async def change(tx: Queries) -> None:
        await tx.execute("update audit_entry set by_id = 'till-41' where seq = $1", changed)

    async def delete(tx: Queries) -> None:
        await tx.execute("delete from audit_entry where seq = $1", deleted)

    async def reorder(tx: Queries) -> None:
        for was, becomes in ((here, -1), (there, here), (-1, there)):
            await tx.execute("update audit_entry set seq = $2 where seq = $1", was, becomes)

    async def insert(tx: Queries) -> None:
        await tx.execute("update audit_entry set seq = -seq where seq >= $1", into)
        await tx.execute("update audit_entry set seq = 1 - seq where seq < 0")
        await tx.execute(
            f"insert into audit_entry ({TEXTS}, seq, prev, hash)"  # noqa: S608 - columns of ours
            f" select {TEXTS}, $1::bigint, hash, sha256(hash) from audit_entry where seq = $1::bigint - 1",
            into,
        )

    async def truncate(tx: Queries) -> None:
        await tx.execute("delete from audit_entry where seq > $1", last - 7)
        await tx.execute("delete from audit_head where seq > $1", last - 7)
        await tx.execute("update audit_chain set seq = $1", last - 7)

    return [
        Tampering("changed", changed, change),
        Tampering("deleted", deleted, delete),
        Tampering("reordered", here, reorder),
        Tampering("inserted", into, insert),
        Tampering("truncated", last - 6, truncate),
    ]


async def linked(database: Database, place: Installation, count: int) -> float:
    """Let the real chainer link everything; gives CPU seconds of it and of Postgres."""
    kafka = KafkaSettings(place.kafka.bootstrap)
    chainer = Chainer(
        Linker(database, Signer(DEVELOPMENT_KEY.encode())), kafka, Metrics(), AUDIT.name
    )
    began = _cpu(place)
    task = asyncio.create_task(chainer.run())
    try:
        async with asyncio.timeout(LINK_SECONDS):
            while not await database.fetchval(LINKED, TENANT, count):  # noqa: ASYNC110 - a table tells nobody
                await asyncio.sleep(0.2)
    except TimeoutError as error:
        raise NotLinkedError(
            f"not all of {count} rows were linked in {LINK_SECONDS:g} s"
        ) from error
    finally:
        task.cancel()
        await asyncio.wait([task])
    return _cpu(place) - began


async def found(
    owner: Database, one: Tampering, trusted: Trusted, told: list[Head]
) -> tuple[bool, str]:
    """Whether a tampering is found where it was done, and what is said of it."""
    verdict: Verdict | None = None
    with suppress(_UndoneError):
        async with owner.transaction() as tx:
            await tx.execute("set local session_replication_role = replica")
            await one.act(tx)
            verdict = await verify(tx, TENANT, trusted, told=told)
            _undo()
    if verdict is None or verdict.found is None:
        return False, "nothing"
    is_named = (verdict.found.kind, verdict.found.seq) == (one.kind, one.seq)
    return is_named, f"{verdict.found.kind} at {verdict.found.seq}"


async def prove(place: Installation, count: int, seed: int) -> dict[str, Any]:
    """Everything, on servers that run."""
    await place.prepare()
    owner = await connect(place.dsn, size=2)
    database = await connect(place.dsn, size=4, settings={"role": ENGINE})
    trusted = Trusted.of(Signer(DEVELOPMENT_KEY.encode()))
    try:
        for first in range(0, count, ROUND):
            size = min(ROUND, count - first)
            await owner.copy("audit_entry", COLUMNS, rows(size, first))
        # What the installation did to make the tenant is in its log, too.
        count = await owner.fetchval("select count(*) from audit_entry where tenant = $1", TENANT)
        say(f"  {count:,} rows are written; linking")
        linking = await linked(database, place, count)
        async with Peek(KafkaSettings(place.kafka.bootstrap)) as peek:
            told = [one async for one in told_heads(peek, AUDIT.name, 1)]
        began, at = _cpu(place), time.monotonic()
        whole = await verify(database, TENANT, trusted, told=told)
        cpu, seconds = _cpu(place) - began, time.monotonic() - at
        say(f"  verified in {seconds:.1f} s; tampering")
        said: dict[str, str] = {}
        right = 0
        for one in tamperings(count, random.Random(seed)):  # noqa: S311 - repeatable places
            is_named, told_of = await found(owner, one, trusted, told)
            right += is_named
            said[f"{one.kind} at {one.seq}"] = told_of
    finally:
        await database.close()
        await owner.close()
    most = MOST_CPU_SECONDS * count / MILLION
    return {
        "ok": whole.holds and whole.rows == count and right == len(said) and cpu < most,
        "rows": count,
        "heads": whole.heads,
        "found": f"{right} of {len(said)}",
        "said": said,
        "verify_cpu_s": round(cpu, 1),
        "verify_s": round(seconds, 1),
        "link_cpu_us": round(linking * MILLION / count, 1),
        "load": load(),
        "seed": seed,
    }


def _undo() -> None:
    raise _UndoneError


def _cpu(place: Installation) -> float:
    return time.process_time() + cpu_seconds(place.postgres.pid)


def main() -> int:
    """Prove it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=MILLION)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000))
    asked = parser.parse_args()
    return staged("audit", asked.seed, lambda place: prove(place, asked.rows, asked.seed))


if __name__ == "__main__":
    raise SystemExit(main())
