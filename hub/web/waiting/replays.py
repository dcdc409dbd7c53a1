"""Replays: tried first, then asked for, watched and stopped."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hub.recovery import replay_asking
from hub.recovery.choosing import Filter
from hub.recovery.replay_asking import Wanted
from hub.recovery.spot import NotPossibleError
from hub.recovery.today import Today
from hub.web.frame import Frame, Seat, form
from hub.web.waiting.asked import missing, moment, number, query, word
from hub.web.waiting.bulks import numbered, to, why
from hub.web.waiting.words import SAID

LISTED = 20
SOURCES = "select name from source where connector = any($1::text[]) order by name limit 200"
"""Of the tenant for whom the session speaks."""


@dataclass(frozen=True, slots=True)
class Replays:
    """Pages of replays."""

    frame: Frame
    today: Today

    async def listed(self, request: Request, seat: Seat) -> Response:
        """Those that were asked for, and the form to ask."""
        before = number(request.query_params.get("before", ""))
        hour_ago = datetime.now(UTC).replace(microsecond=0, tzinfo=None) - timedelta(hours=1)
        return await self._list(seat, {"since": hour_ago.isoformat()}, before=before)

    async def asked(self, request: Request, seat: Seat) -> Response:
        """Ask for a dry run."""
        sent = await form(request)
        try:
            wanted = Wanted(
                tenant=seat.tenant,
                connector=word(sent, "connector"),
                source=word(sent, "source") or None,
                since=moment(sent, "since") or missing("since"),
                until=moment(sent, "until"),
                dry_run=True,
            )
            return await self._ask(seat, wanted, why(sent))
        except NotPossibleError as error:
            return await self._list(seat, sent, wrong=str(error))

    async def one(self, request: Request, seat: Seat) -> Response:
        """How far one is, and what a dry run found."""
        still, said = "still" in request.query_params, request.query_params.get("said", "")
        return await self._show(request, seat, still=still, said=SAID.get(said, ""))

    async def begun(self, request: Request, seat: Seat) -> Response:
        """Ask for what a dry run has tried."""
        reason = why(await form(request))
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            tried = await replay_asking.find(queries, numbered(request, "replay"))
        wanted = Wanted(
            tenant=tried.tenant,
            connector=tried.connector,
            source=tried.source,
            since=tried.since,
            until=tried.until,
            dry_run=False,
        )
        try:
            return await self._ask(seat, wanted, reason)
        except NotPossibleError as error:
            return await self._show(request, seat, 409, wrong=str(error), typed=reason)

    async def stopped(self, request: Request, seat: Seat) -> Response:
        """Have no more of it."""
        wanted, reason = numbered(request, "replay"), why(await form(request))
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            await replay_asking.find(queries, wanted)
            try:
                by = seat.viewer.signature
                await replay_asking.stop(queries, wanted, reason, by=by)
                refused = ""
            except NotPossibleError as error:
                refused = str(error)
        if refused:
            return await self._show(request, seat, 409, wrong=refused, typed=reason)
        return to(f"/replays/{wanted}", seat, "stop-replay")

    async def _ask(self, seat: Seat, wanted: Wanted, reason: str) -> Response:
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            asked = await replay_asking.ask(
                queries, self.today, wanted, reason, by=seat.viewer.signature
            )
        return to(f"/replays/{asked}", seat, "")

    async def _list(
        self, seat: Seat, sent: Mapping[str, str], *, before: int | None = None, wrong: str = ""
    ) -> Response:
        connectors = replay_asking.connectors(self.today)
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            found = await replay_asking.list_replays(queries, LISTED + 1, before)
            sources = [row["name"] for row in await queries.fetch(SOURCES, connectors)]
        shown = found[:LISTED]
        more = {"before": str(shown[-1].n)} if len(found) > LISTED else {}
        return self.frame.seated(
            seat,
            "waiting/replays",
            409 if wrong else 200,
            replays=shown,
            connectors=connectors,
            sources=sources,
            wrong=wrong,
            sent={"connector": "", "source": "", "since": "", "until": "", "reason": "", **sent},
            onwards=query(Filter(), seat.query, **more) if more else "",
        )

    async def _show(self, request: Request, seat: Seat, status: int = 200, **said: Any) -> Response:
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            found = await replay_asking.find(queries, numbered(request, "replay"))
        given = {"still": False, "said": "", "wrong": "", "typed": "", **said}
        return self.frame.seated(seat, "waiting/replay", status, replay=found, **given)
