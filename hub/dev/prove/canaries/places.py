"""Everywhere that something could be read: tables, topics, logs, metrics, answers, files."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import NamedTuple

import httpx

from hub.access.keyring import Keyring, SealError
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.dev.prove.canaries.people import found, lower, needles
from hub.privacy.columns import SEALED

TABLES = """
select c.relname::text as tab, array_agg(a.attname::text order by a.attnum) as cols
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
 where n.nspname = 'public' and c.relkind in ('r', 'p', 'm') and a.attnum > 0 and not a.attisdropped
 group by 1 order by 1
"""
PAGE = 2_000


class Heard(NamedTuple):
    """A piece of what can be read somewhere."""

    place: str
    text: bytes


def leaks(heard: Iterable[Heard]) -> list[str]:
    """Who can be read where; empty where nobody can."""
    wanted, told = needles(), set()
    for place, text in heard:
        lowered = lower(text)
        told |= {f"{one.value!r} in {place}" for one in wanted if found(one, text, lowered)}
    return sorted(told)


async def tables(database: Database) -> AsyncIterator[Heard]:
    """Every column of every table as text, but for those that are sealed."""
    sealed = {(one.table, one.column) for one in SEALED}
    for table in await database.fetch(TABLES):
        for column in table["cols"]:
            if (table["tab"], column) in sealed:
                continue
            sql = f'select "{column}"::text as said from "{table["tab"]}"'  # noqa: S608 - from the catalogue
            rows = await database.fetch(sql)
            for n in range(0, len(rows), PAGE):
                said = "\n".join(row["said"] or "" for row in rows[n : n + PAGE])
                yield Heard(f"{table['tab']}.{column}", said.encode() + _unhexed(said))


def _unhexed(said: str) -> bytes:
    """What stands in columns of bytes, too."""
    lines = [line[2:] for line in said.splitlines() if line.startswith("\\x")]
    bodies = []
    for line in lines:
        try:
            bodies.append(bytes.fromhex(line))
        except ValueError:
            continue
    return b"\n".join(bodies)


async def opened(database: Database, keyring: Keyring) -> AsyncIterator[Heard]:
    """What is sealed, with the keys at hand."""
    for one in SEALED:
        sql = (
            f"select tenant, {one.values} as sealed from {one.table} where {one.column} is not null"  # noqa: S608 - our own names
        )
        for row in await database.fetch(sql):
            for body in row["sealed"]:
                try:
                    yield Heard(
                        f"opened {one.table}.{one.column}", keyring.open(row["tenant"], body)
                    )
                except SealError:
                    continue


async def topics(peek: Peek, partitions: dict[str, int]) -> AsyncIterator[Heard]:
    """Every record of these topics: key, value and headers."""
    for topic, count in partitions.items():
        for part in range(count):
            first, end = await peek.bounds(topic, part)
            if first == end:
                continue
            async for record in peek.records(topic, part, first, end):
                headers = b"\n".join(
                    name.encode() + b": " + (v or b"") for name, v in record.headers
                )
                said = (record.key or b"", record.value or b"", headers)
                yield Heard(f"{topic}[{part}]", b"\n".join(said))


def files(root: Path, pattern: str) -> Iterable[Heard]:
    """Files as they are."""
    for path in sorted(path for path in root.glob(pattern) if path.is_file()):
        yield Heard(path.relative_to(root).as_posix(), path.read_bytes())


async def metrics(ports: dict[str, int]) -> AsyncIterator[Heard]:
    """What each process tells Prometheus."""
    async with httpx.AsyncClient(trust_env=False) as http:
        for name, port in ports.items():
            answer = await http.get(f"http://127.0.0.1:{port}/metrics")
            yield Heard(f"metrics of {name}", answer.content)
