"""`python -m hub.dev.prove.files`: large exports are dropped, and whoever reads them is killed.

Every line must be answered once and as the generator knows, every unit must be there, and memory
must not grow with the file.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from hub import registry
from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.adapters.postgres import Database, connect
from hub.dev.crash.installation import TENANT, Installation
from hub.dev.prove.account import audit, compare
from hub.dev.prove.export import SETTINGS, WORDS, Export, Till
from hub.dev.prove.reader import Reader
from hub.dev.prove.staged import staged
from hub.settings import DEVELOPMENT_KEY

SOURCE = "till-7"
PROGRESS_SECONDS = 5.0
LOOK_SECONDS = 0.1
STALLED_SECONDS = 120.0
"""A file of which nothing moves for so long is given up."""
GROWTH = 1.2
"""By how much the peak of the largest file may lie above that of the smallest."""


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@dataclass(slots=True)
class Noting:
    """Says how far a file is, now and then."""

    began: float
    noted: float = 0.0

    def say(self, text: str) -> None:
        """Say it, if the last time is long enough ago."""
        now = time.monotonic()
        if now - self.noted >= PROGRESS_SECONDS:
            self.noted = now
            say(f"  {now - self.began:5.0f} s  {text}")


@dataclass(slots=True)
class Proof:
    """One installation, through files of every size."""

    place: Installation
    database: Database
    kills: int
    chance: random.Random
    figures: list[dict[str, Any]] = field(default_factory=list)

    async def of(self, megabytes: int) -> None:
        """Drop a file of that size, see it through and account for it."""
        name = f"export-{megabytes}.csv"
        say(f"{megabytes} MB")
        path = self.place.root / name
        export = await asyncio.to_thread(Till(f"{megabytes}M", self.chance).export, path, megabytes)
        before = await self.database.fetchval("select count(*) from unit")
        drop = self.place.drop / TENANT / SOURCE
        drop.mkdir(parents=True, exist_ok=True)
        reader = Reader(self.place, "files")
        reader.start()
        began = time.monotonic()
        try:
            path.rename(drop / name)
            kills = await self._see_through(reader, export, name)
        finally:
            reader.end(signal.SIGTERM)
        seconds = time.monotonic() - began
        told = drop / "done" / name
        findings = await asyncio.to_thread(compare, export, told)
        summary = json.loads(told.with_name(f"{name}.result.json").read_bytes())
        findings += await audit(self.database, export, summary["sha256"], before)
        self.figures.append(
            _figures(export, summary, seconds, reader) | {"kills": kills, "findings": findings}
        )
        say(f"  {json.dumps(self.figures[-1])}")

    async def _see_through(self, reader: Reader, export: Export, name: str) -> int:
        left = sorted((self.chance.uniform(0.02, 0.95) for _ in range(self.kills)), reverse=True)
        reached, moved = 0, time.monotonic()
        noting = Noting(time.monotonic())
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            reader.look()
            state, line = await self._reached(name)
            if state in {"done", "refused"}:
                return self.kills - len(left)
            share = line / len(export.told)
            if line != reached:
                reached, moved = line, time.monotonic()
            if time.monotonic() - moved > STALLED_SECONDS:
                raise TimeoutError(f"{name} stands still at {share:.1%}: see files.log")
            noting.say(f"{share:6.1%}  {line:,} lines  {reader.peak:.0f} MB")
            if left and share >= left[-1]:
                left.pop()
                say(f"  kill -9 at {share:.1%}")
                reader.end(signal.SIGKILL)
                reader.start()

    async def _reached(self, name: str) -> tuple[str, int]:
        sql = "select state, line from file_progress where name = $1"
        row = await self.database.fetchrow(sql, name)
        return ("", 0) if row is None else (row["state"], row["line"])

    @property
    def ok(self) -> bool:
        """Whether nothing was found, every kill was made and memory stayed flat."""
        peaks = [one["rss_peak_mb"] for one in sorted(self.figures, key=lambda one: one["lines"])]
        whole = all(not one["findings"] and one["kills"] == self.kills for one in self.figures)
        return whole and peaks[-1] <= GROWTH * peaks[0]


def _figures(
    export: Export, summary: dict[str, Any], seconds: float, reader: Reader
) -> dict[str, Any]:
    lines = len(export.told)
    return {
        "megabytes": round(export.size / 2**20, 1),
        "lines": lines,
        "units": export.units,
        "told": {word: summary.get(word, 0) for word in (*WORDS, "waiting")},
        "seconds": round(seconds, 1),
        "lines_per_s": round(lines / seconds, 1),
        "cpu_us_per_line": round(1e6 * reader.seconds / lines, 1),
        "rss_peak_mb": round(reader.peak, 1),
    }


@asynccontextmanager
async def _ready(place: Installation) -> AsyncIterator[Database]:
    """Topics, tables, a tenant with a till, and somebody who decides."""
    await place.prepare()
    database = await connect(place.dsn, size=2)
    deciding = Reader(place, "process")
    deciding.start()
    try:
        keyring = Keyring(DEVELOPMENT_KEY.encode())
        store = SourceStore(registry.connectors(), keyring)
        await store.put(database, TENANT, SOURCE, "pos", SETTINGS)
        yield database
    finally:
        deciding.end(signal.SIGTERM)
        await database.close()


async def prove(place: Installation, sizes: list[int], kills: int, seed: int) -> dict[str, Any]:
    """Go through files of these sizes; the figures."""
    async with _ready(place) as database:
        proof = Proof(place, database, kills, random.Random(seed))  # noqa: S311 - a repeatable mixture
        for megabytes in sizes:
            await proof.of(megabytes)
    load = [round(each, 2) for each in os.getloadavg()]
    return {"files": proof.figures, "seed": seed, "load": load, "ok": proof.ok}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.prove.files", description=__doc__)
    parser.add_argument("--sizes", default="10,100", help="megabytes, with commas")
    parser.add_argument("--kills", type=int, default=3, help="kill -9 of each file's reader")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000))
    asked = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    sizes = [int(size) for size in asked.sizes.split(",")]
    return staged("files", asked.seed, lambda place: prove(place, sizes, asked.kills, asked.seed))


if __name__ == "__main__":
    raise SystemExit(main())
