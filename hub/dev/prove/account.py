"""Whether every line of an export was accounted for exactly once, by its result and by the tables."""

import csv
from collections.abc import Iterator
from pathlib import Path

from hub.adapters.postgres import Database
from hub.audit.landings import decode
from hub.dev.prove.export import WORDS, Export


def compare(export: Export, kept: Path) -> list[str]:
    """Every line once, in the order of the file, with the word that the generator knows."""
    return list(_differences(export, kept.with_name(f"{kept.name}.result.csv")))


def _differences(export: Export, result: Path) -> Iterator[str]:
    expected = iter(enumerate(export.told, start=2))
    with result.open(encoding="utf-8-sig", newline="") as file:
        found = csv.DictReader(file, delimiter=";")
        for row in found:
            line, word = next(expected, (0, 0))
            if (int(row["line"]), row["status"]) != (line, WORDS[word]):
                yield f"line {row['line']} {row['status']}, expected {line} {WORDS[word]}"
                return
    missing = sum(1 for _ in expected)
    if missing:
        yield f"{missing} lines are missing at the end"


async def audit(database: Database, export: Export, digest: str, units: int) -> list[str]:
    """What the tables say beside it; `units` stood there before."""
    findings = []
    have = await database.fetchval("select count(*) from unit")
    if have != units + export.units:
        findings.append(f"{have - units} units, expected {export.units}")
    left = await database.fetchval("select count(*) from request")
    if left:
        findings.append(f"{left} request rows are left")
    kept = await database.fetchval("select count(*) from item")
    if kept:
        findings.append(f"{kept} events were set aside")
    findings += await _landings(database, digest)
    return findings


async def _landings(database: Database, digest: str) -> list[str]:
    """One line for each record, without a gap and none twice."""
    sql = """
select n, from_offset, to_offset from landing
 where topic like 'file:%/' || $1 order by from_offset, n
"""
    reached = 0
    for row in await database.fetch(sql, digest[:12]):
        if row["from_offset"] != reached:
            return [f"landing {row['n']} begins at {row['from_offset']}, expected {reached}"]
        body = await database.fetchval("select body from landing where n = $1", row["n"])
        offsets = [landing.offset for landing in decode(body)]
        if offsets != list(range(reached, row["to_offset"])):
            return [f"landing {row['n']} does not hold {reached} to {row['to_offset']}"]
        reached = row["to_offset"]
    sql = "select records from file_progress where digest = $1"
    records = await database.fetchval(sql, digest)
    return [] if records == reached else [f"{reached} records landed of {records}"]
