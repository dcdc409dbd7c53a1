"""How far the dropped files are, in words and figures."""

from collections.abc import Iterator
from typing import Any

from hub.adapters.postgres import Database
from hub.intake.files.progress import COLUMNS, Found

MINUTE = 60
HOUR = 60 * MINUTE
LATEST = f"""
select tenant, source, {COLUMNS} from file_progress
 where $1::text is null or tenant = $1 order by changed_at desc limit $2
"""  # noqa: S608 - every value is a parameter


async def latest(database: Database, tenant: str | None, limit: int) -> list[dict[str, Any]]:
    """The files of one tenant or of all that moved last, the newest first."""
    return [_shown(dict(row)) for row in await database.fetch(LATEST, tenant, limit)]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    tenant, source = row.pop("tenant"), row.pop("source")
    found = Found.of(row)
    seconds = found.figures.get("seconds", 0)
    rate = found.rows / seconds if seconds else 0.0
    left = max(0, found.lines - found.line)
    return {
        "tenant": tenant,
        "source": source,
        "file": found.name,
        "state": found.state,
        "percent": _percent(found),
        "bytes": found.size,
        "rows": found.rows,
        **found.figures.get("rows", {}),
        "rows_per_second": round(rate, 1),
        "seconds_left": round(left / rate) if rate and found.state == "working" else None,
        "reason": found.reason,
        "begun_at": found.begun_at.isoformat(),
        "changed_at": found.changed_at.isoformat(),
    }


def _percent(found: Found) -> float:
    if found.state == "done":
        return 100.0
    return round(100 * found.line / found.lines, 1) if found.lines else 0.0


def in_words(files: list[dict[str, Any]]) -> Iterator[str]:
    """One line a file, for a person."""
    for one in files:
        where = f"{one['tenant']}/{one['source']}"
        what = f"{one['rows']:,} rows"
        if one["seconds_left"] is not None:
            what += f", {one['rows_per_second']:,.0f} a second, {_span(one['seconds_left'])} left"
        if one["reason"]:
            what += f": {one['reason']}"
        yield f"{where:<20} {one['state']:<8} {one['percent']:5.1f} %  {one['file']}  {what}"


def _span(seconds: int) -> str:
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h"
