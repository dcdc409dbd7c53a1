"""Who did what to what, when and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hub.audit import checks
from hub.trail.audit import BadCursorError, page
from hub.web.frame import Frame, Seat

ENTRIES, MAX_WORD, MAX_CURSOR = 50, 200, 200
TEXTS = (
    ("subject", "What it was done to"),
    ("actor", "Who did it"),
    ("action", "Action"),
    ("text", "Reason contains"),
    ("status", "Status"),
    ("source", "Source"),
)
DAYS = (("since", "From"), ("until", "To"))


@dataclass(frozen=True, slots=True)
class Search:
    """The page of entries."""

    frame: Frame

    async def entries(self, request: Request, seat: Seat) -> Response:
        """Entries that fit, newest first; and whether the chain held when somebody last looked."""
        asked = request.query_params
        picked = {name: text for name, _ in TEXTS if (text := _word(asked, name))}
        days = {name: day for name, _ in DAYS if (day := _day(asked, name))}
        times = {
            "since": _midnight(days["since"]) if "since" in days else None,
            "until": _midnight(days["until"]) + timedelta(days=1) if "until" in days else None,
        }
        cursor = asked.get("cursor", "")[:MAX_CURSOR] or None
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            wanted = {**picked, **times, "limit": ENTRIES}
            try:
                found = await page(queries, seat.tenant, cursor=cursor, **wanted)  # type: ignore[arg-type]
            except BadCursorError:
                # One that somebody has cut off: the first page again.
                found = await page(queries, seat.tenant, **wanted)  # type: ignore[arg-type]
            check = await checks.newest(queries, seat.tenant)
        fields = picked | {name: day.isoformat() for name, day in days.items()}
        return self.frame.page(
            "audit/entries",
            viewer=seat.viewer,
            tenant=seat.tenant,
            seat=seat,
            entries=found.entries,
            picked=fields,
            texts=TEXTS,
            days=DAYS,
            check=check,
            onwards=_query(fields, seat, found.cursor) if found.cursor else "",
        )


def _word(asked: Mapping[str, str], name: str) -> str:
    return asked.get(name, "").replace("\0", "").strip()[:MAX_WORD]


def _day(asked: Mapping[str, str], name: str) -> date | None:
    try:
        day = date.fromisoformat(asked.get(name, ""))
    except ValueError:
        return None
    return day if date.min < day < date.max else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _query(fields: Mapping[str, str], seat: Seat, cursor: str) -> str:
    return f"?{'&'.join(p for p in (urlencode({**fields, 'cursor': cursor}), seat.query) if p)}"
