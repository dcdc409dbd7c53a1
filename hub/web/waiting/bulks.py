"""Many items at once: tried first, then wanted at a rate, watched, stopped and continued."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.access.keyring import SealError
from hub.recovery import bulk
from hub.recovery.bulk_progress import Wanted, list_bulks, progress
from hub.recovery.choosing import Filter
from hub.recovery.counting import count
from hub.recovery.rehearsal import rehearse_many
from hub.recovery.rehearsed import ManyRehearsed
from hub.recovery.spot import GoneError, NotPossibleError
from hub.recovery.today import Today
from hub.web.frame import Frame, Seat, form
from hub.web.headers import PRIVATE
from hub.web.waiting.asked import fields, filter_of, number, query
from hub.web.waiting.words import SAID

TRIED = 200
"""So many are tried on the page, which somebody waits for."""
LISTED = 20
RATE = "50"


@dataclass(frozen=True, slots=True)
class Bulks:
    """Pages of bulks."""

    frame: Frame
    today: Today

    async def asked(self, request: Request, seat: Seat) -> Response:
        """What would become of all that fit, and the form to want it."""
        where = filter_of(request.query_params, seat.tenant)
        return await self._ask(seat, where, {})

    async def begun(self, request: Request, seat: Seat) -> Response:
        """Begin a bulk."""
        sent = await form(request)
        where = filter_of(sent | {"reason": sent.get("has", "")}, seat.tenant)
        if not fields(where):
            wrong = "choose some of the items first: a state, a code, a source"
            return await self._ask(seat, where, sent, wrong=wrong)
        wanted: Wanted = "give_up" if sent.get("wanted") == "give_up" else "redrive"
        try:
            async with self.frame.database.speaking_for(seat.tenant) as queries:
                begun = await bulk.begin(
                    queries,
                    where,
                    why(sent),
                    by=seat.viewer.signature,
                    rate=_rate(sent.get("rate", "")),
                    wanted=wanted,
                )
        except NotPossibleError as error:
            return await self._ask(seat, where, sent, wrong=str(error))
        return to(f"/redrives/{begun}", seat, "")

    async def listed(self, request: Request, seat: Seat) -> Response:
        """The newest bulks, or those before one."""
        before = number(request.query_params.get("before", ""))
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            found = await list_bulks(queries, limit=LISTED + 1, before=before)
        shown = found[:LISTED]
        more = {"before": str(shown[-1].id)} if len(found) > LISTED else {}
        return self.frame.seated(
            seat,
            "waiting/redrives",
            bulks=[(one, fields(one.where)) for one in shown],
            onwards=query(Filter(), seat.query, **more) if more else "",
        )

    async def one(self, request: Request, seat: Seat) -> Response:
        """How far a bulk is."""
        still, said = "still" in request.query_params, request.query_params.get("said", "")
        return await self._show(request, seat, still=still, said=SAID.get(said, ""))

    async def stopped(self, request: Request, seat: Seat) -> Response:
        """Take back what is still wanted."""
        return await self._steered(request, seat, "stop", bulk.stop)

    async def continued(self, request: Request, seat: Seat) -> Response:
        """Want the rest again."""
        return await self._steered(request, seat, "continue", bulk.go_on)

    async def _steered(
        self, request: Request, seat: Seat, act: str, steer: Callable[..., Awaitable[object]]
    ) -> Response:
        wanted, reason = numbered(request, "bulk"), why(await form(request))
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            await progress(queries, wanted)
            try:
                await steer(queries, wanted, reason, by=seat.viewer.signature)
            except NotPossibleError as error:
                refused = str(error)
            else:
                return to(f"/redrives/{wanted}", seat, act)
        return await self._show(request, seat, 409, act=act, wrong=refused, typed=reason)

    async def _show(self, request: Request, seat: Seat, status: int = 200, **said: Any) -> Response:
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            found = await progress(queries, numbered(request, "bulk"))
        return self.frame.seated(
            seat,
            "waiting/redrive",
            status,
            bulk=found,
            chosen=fields(found.where),
            left=query(Filter(redrive=found.id), seat.query),
            **{"still": False, "said": "", "act": "", "wrong": "", "typed": "", **said},
        )

    async def _ask(
        self, seat: Seat, where: Filter, sent: dict[str, str], wrong: str = ""
    ) -> Response:
        many: ManyRehearsed | None = None
        refused = ""
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            counts = await count(queries, where)
            try:
                many = await rehearse_many(queries, self.today, where, limit=TRIED, details=0)
            except (NotPossibleError, SealError) as error:
                refused = str(error)
        return self.frame.seated(
            seat,
            "waiting/bulk",
            409 if wrong else 200,
            where=where,
            chosen=fields(where),
            back=query(where, seat.query),
            counts=counts,
            many=many,
            refused=refused,
            wrong=wrong,
            sent={"rate": RATE, "reason": "", "wanted": "redrive", **sent},
        )


def numbered(request: Request, what: str) -> int:
    """The number in an address.

    Raises:
        GoneError: none of these has such a number.

    """
    named = number(request.path_params["number"])
    if named is None:
        raise GoneError(f"no {what} has such a number; list those there are")
    return named


def _rate(text: str) -> float:
    """Items a second; 0, which no bulk may have, where it is no number."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return 0.0


def why(sent: Mapping[str, str]) -> str:
    """The reason as it was typed."""
    return sent.get("reason", "").replace("\0", "").strip()[:1_000]


def to(path: str, seat: Seat, said: str) -> Response:
    """To a page, with what was done."""
    parts = [part for part in (f"said={said}" if said else "", seat.query) if part]
    where = f"{path}?{'&'.join(parts)}" if parts else path
    return RedirectResponse(where, 303, dict(PRIVATE))
