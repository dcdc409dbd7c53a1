"""`python -m hub.dev.prove.imports`: a catalogue and its sales come by file, beside events that come by topic.

The rate of the whole way, raw record to row, is measured first, on the same servers; then a file of
products is dropped, and one of sales of those products. A file's time runs from the drop until its last
row is decided. A tenth as many rows go ahead of each, so that memory can be seen to stay flat.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hub import registry
from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.adapters.postgres import Database, connect
from hub.dev.bench.contenders import WHOLE
from hub.dev.bench.rounds import once
from hub.dev.crash.installation import TENANT, Installation
from hub.dev.prove.export import COLUMNS, SETTINGS
from hub.dev.prove.files import GROWTH, LOOK_SECONDS, STALLED_SECONDS, Noting, say
from hub.dev.prove.reader import Reader
from hub.dev.prove.staged import staged
from hub.settings import DEVELOPMENT_KEY

SHELF, TILL = "shelf", "till-7"
LEAST = 0.5
"""Of the whole way's rate, that each of the two files has to reach."""
PRODUCTS = "code;name;described_at;brand;category;months;extended_months"
SALES = ";".join(COLUMNS.values())


def product(n: int) -> str:
    """The nth product, as a row of the catalogue."""
    return f"SKU-{n:06d};Kettle {n};2026-01-31T10:15:00;Borealis;kettles;24;"


def sale(n: int) -> str:
    """One sale of the nth product, as a row of a till."""
    return (
        f"R-{n:08d};31.01.2026 10:15;sale;SKU-{n:06d};Kettle {n};1;SN-{n:08d};1.299,90;;"
        f"Branch {n % 40:02d};T{n % 7};Seller {n % 5};;;"
    )


@dataclass(slots=True)
class Imports:
    """Files of one installation, one after the other."""

    place: Installation
    database: Database
    figures: dict[str, Any] = field(default_factory=dict)

    async def of(self, name: str, source: str, made: tuple[str, Callable[[int], str], int]) -> None:
        """Drop a file of so many rows, and wait until all are decided."""
        head, row, count = made
        table = "product" if source == SHELF else "unit"
        path = self.place.root / f"{name}.csv"
        path.write_text("\n".join([head, *map(row, range(count))]) + "\n")
        drop = self.place.drop / TENANT / source
        drop.mkdir(parents=True, exist_ok=True)
        say(f"{name}: {count:,} rows")
        before = await self.database.fetchval(f"select count(*) from {table}")  # noqa: S608 - ours
        reader = Reader(self.place, "files")
        reader.start()
        began = time.monotonic()
        try:
            path.rename(drop / path.name)
            decided = await self._decided(reader, table, before, count)
            await self._told(path.name)
        finally:
            reader.end(signal.SIGTERM)
        summary = json.loads((drop / "done" / f"{path.name}.result.json").read_bytes())
        self.figures[name] = {
            "rows": count,
            "accepted": summary["accepted"],
            "rows_per_s": round(count / (decided - began), 1),
            "told_s": round(time.monotonic() - began, 1),
            "cpu_us_per_row": round(1e6 * reader.seconds / count, 1),
            "rss_peak_mb": round(reader.peak, 1),
        }
        say(f"  {json.dumps(self.figures[name])}")

    async def _decided(self, reader: Reader, table: str, before: int, count: int) -> float:
        noting = Noting(time.monotonic())
        reached, moved = 0, time.monotonic()
        while reached < count:
            await asyncio.sleep(LOOK_SECONDS)
            reader.look()
            sql = f"select count(*) from {table}"  # noqa: S608 - ours
            there = await self.database.fetchval(sql) - before
            if there != reached:
                reached, moved = there, time.monotonic()
            if time.monotonic() - moved > STALLED_SECONDS:
                raise TimeoutError(f"{reached:,} of {count:,} rows are in {table}: see files.log")
            noting.say(f"{reached / count:6.1%}  {reader.peak:.0f} MB")
        return moved

    async def _told(self, name: str) -> None:
        """Wait until the result lies beside the file."""
        sql = "select 1 from file_progress where name = $1 and state = 'done'"
        async with asyncio.timeout(STALLED_SECONDS):
            while not await self.database.fetchval(sql, name):  # noqa: ASYNC110 - a table tells nobody
                await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def _ready(place: Installation) -> AsyncIterator[Database]:
    """Topics, tables, a tenant with a catalogue and a till, and those who decide."""
    await place.prepare()
    database = await connect(place.dsn, size=2)
    deciding = [Reader(place, word) for word in ("process", "process catalog")]
    for one in deciding:
        one.start()
    try:
        store = SourceStore(registry.connectors(), Keyring(DEVELOPMENT_KEY.encode()))
        shelf = {"kind": "products", "zone": "Europe/Istanbul"}
        await store.put(database, TENANT, SHELF, "catalogue", shelf)
        await store.put(database, TENANT, TILL, "pos", SETTINGS)
        yield database
    finally:
        for one in deciding:
            one.end(signal.SIGTERM)
        await database.close()


async def prove(place: Installation, count: int, seed: int) -> dict[str, Any]:
    """The whole way first, then the files; the figures."""
    dsn = place.dsn
    say(f"the whole way: {count:,} raw records")
    whole = (await once(place, WHOLE, "whole", count)).events_per_s
    say(f"  {whole:,.0f} events/s")
    place.dsn = dsn
    async with _ready(place) as database:
        imports = Imports(place, database)
        few = max(1, count // 10)
        for kind, source, (head, row) in (
            ("products", SHELF, (PRODUCTS, product)),
            ("sales", TILL, (SALES, sale)),
        ):
            await imports.of(f"{kind}-ahead", source, (head, partial(_after, row, count), few))
            await imports.of(kind, source, (head, row, count))
    figures = imports.figures
    kinds = ("products", "sales")
    ratios = {kind: round(figures[kind]["rows_per_s"] / whole, 3) for kind in kinds}
    growth = {
        kind: round(figures[kind]["rss_peak_mb"] / figures[f"{kind}-ahead"]["rss_peak_mb"], 3)
        for kind in kinds
    }
    complete = all(one["accepted"] == one["rows"] for one in figures.values())
    return {
        "whole_way_events_per_s": whole,
        **figures,
        "ratios": ratios,
        "growth": growth,
        "load": [round(each, 2) for each in os.getloadavg()],
        "seed": seed,
        "ok": complete and max(growth.values()) <= GROWTH and min(ratios.values()) >= LEAST,
    }


def _after(row: Callable[[int], str], count: int, n: int) -> str:
    """A row beyond those of the whole file."""
    return row(count + n)


def main() -> int:
    """Prove it and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m hub.dev.prove.imports", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="of each file")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000))
    asked = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return staged("imports", asked.seed, lambda place: prove(place, asked.rows, asked.seed))


if __name__ == "__main__":
    raise SystemExit(main())
