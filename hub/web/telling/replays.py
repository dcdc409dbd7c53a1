"""Deliveries sent again: counted first, then begun once, watched and stopped."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.adapters.postgres import Queries
from hub.delivery import replay
from hub.delivery.replay import Asked, Chosen
from hub.recovery.spot import NotPossibleError, reason_of
from hub.web.frame import Frame, Seat, form
from hub.web.telling.asked import chosen_of, fields_of_chosen, joined, query, rate_of
from hub.web.telling.listing import known, name_of
from hub.web.telling.words import SAID
from hub.web.waiting.asked import number
from hub.web.waiting.bulks import numbered, to, why

LISTED = 20
NOTHING = "nothing fits that could be sent again; choose otherwise, or look at what became of it meanwhile"
MAX_FORM = 16_384
"""A thousand picked deliveries are this long."""


@dataclass(frozen=True, slots=True)
class DeliveryReplays:
    """Pages of replays."""

    frame: Frame

    async def listed(self, request: Request, seat: Seat) -> Response:
        """Those that were begun, newest first."""
        before = number(request.query_params.get("before", ""))
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            found = await replay.listed(queries, seat.tenant, before, LISTED + 1)
            names = await _names(queries, seat)
        shown = found[:LISTED]
        more = {"before": str(shown[-1].id)} if len(found) > LISTED else {}
        return self.frame.seated(
            seat,
            "telling/replays",
            replays=[(one, fields_of_chosen(one.chosen)) for one in shown],
            names=names,
            onwards=query(more, seat.query) if more else "",
        )

    async def tried(self, request: Request, seat: Seat) -> Response:
        """How many would be sent again where, and the form to begin."""
        sent = joined(request.query_params.multi_items())
        return await self._try(seat, sent)

    async def begun(self, request: Request, seat: Seat) -> Response:
        """Begin, once for each time that the form was drawn."""
        sent = await form(request, MAX_FORM)
        try:
            reason = reason_of(why(sent), "sending again")
            asked = Asked(chosen=chosen_of(sent), why=reason, rate=rate_of(sent))
            async with self.frame.database.transaction_for(seat.tenant) as queries:
                begun, said = await _begin(queries, seat, asked, _seen(sent))
        except NotPossibleError as error:
            return await self._try(seat, sent, str(error))
        return to(f"/deliveries/replays/{begun}", seat, said)

    async def one(self, request: Request, seat: Seat) -> Response:
        """How far one is, endpoint by endpoint."""
        still, said = "still" in request.query_params, request.query_params.get("said", "")
        return await self._show(request, seat, still=still, said=SAID.get(said, ""))

    async def stopped(self, request: Request, seat: Seat) -> Response:
        """Mark no more of it."""
        wanted, typed = numbered(request, "replay"), why(await form(request))
        try:
            reason = reason_of(typed, "stopping")
        except NotPossibleError as error:
            return await self._show(request, seat, 409, wrong=str(error), typed=typed)
        async with self.frame.database.transaction_for(seat.tenant) as queries:
            await replay.stop(queries, seat.viewer, seat.tenant, wanted, reason)
        return to(f"/deliveries/replays/{wanted}", seat, "stopped")

    async def _show(self, request: Request, seat: Seat, status: int = 200, **said: Any) -> Response:
        wanted = numbered(request, "replay")
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            found = await replay.find(queries, seat.tenant, wanted)
            places = await replay.places(queries, seat.tenant, wanted)
            names = await _names(queries, seat)
        return self.frame.seated(
            seat,
            "telling/replay",
            status,
            replay=found,
            places=places,
            names=names,
            chosen=fields_of_chosen(found.chosen),
            **{"still": False, "said": "", "wrong": "", "typed": "", **said},
        )

    async def _try(self, seat: Seat, sent: Mapping[str, str], wrong: str = "") -> Response:
        chosen, unclear = _meant(sent)
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            counts = await replay.count(queries, seat.tenant, chosen) if chosen else []
            endpoints = await known(queries, seat)
            seen = await replay.newest(queries, seat.tenant)
        return self.frame.seated(
            seat,
            "telling/try",
            409 if wrong or unclear else 200,
            chosen=chosen,
            fields=fields_of_chosen(chosen) if chosen else dict(sent),
            counts=counts,
            total=sum(one.count for one in counts),
            names={one.id: name_of(one) for one in endpoints},
            mails={one.id for one in endpoints if one.kind == "mail"}
            & {one.endpoint for one in counts},
            may_begin=seat.viewer.may(Permission.REPLAY_DELIVERY),
            unclear=unclear,
            wrong="" if unclear else wrong,
            typed={"reason": "", "rate": "", **sent},
            # A form that was refused begins nothing, so what came since it was drawn still counts.
            seen=sent.get("seen", "")
            if wrong and number(sent.get("seen", "")) is not None
            else seen,
        )


async def _begin(queries: Queries, seat: Seat, asked: Asked, seen: int) -> tuple[int, str]:
    """The replay's number, and whether it is a new one."""
    by, tenant = seat.viewer, seat.tenant
    same = await replay.begun_since(queries, by, tenant, asked, seen)
    if same is not None:
        return same, "same"
    if not await replay.count(queries, tenant, asked.chosen):
        raise NotPossibleError(NOTHING)
    return (await replay.begin(queries, by, tenant, asked)).id, "again"


def _meant(sent: Mapping[str, str]) -> tuple[Chosen | None, str]:
    try:
        return chosen_of(sent), ""
    except NotPossibleError as error:
        return None, str(error)


def _seen(sent: Mapping[str, str]) -> int:
    """The newest replay there was when the form was drawn."""
    seen = number(sent.get("seen", ""))
    if seen is None:
        raise NotPossibleError("count again what would be sent, then begin from that page")
    return seen


async def _names(queries: Queries, seat: Seat) -> dict[str, str]:
    return {one.id: name_of(one) for one in await known(queries, seat)}
