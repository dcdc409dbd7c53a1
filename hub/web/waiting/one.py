"""One item: why it waits, for what, what would become of it, and what people did about it."""

from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hub.domain.notes import CODES
from hub.recovery.actions import history
from hub.recovery.opening import Opened
from hub.recovery.rehearsal import rehearse
from hub.recovery.rehearsed import Rehearsal
from hub.recovery.showing import Shown, show
from hub.recovery.spot import GoneError, NotPossibleError, Spot, gone
from hub.recovery.today import Today
from hub.web.frame import Frame, Seat
from hub.web.waiting.asked import MAX_PART, number
from hub.web.waiting.changes import fields
from hub.web.waiting.lines import lines
from hub.web.waiting.words import SAID


@dataclass(frozen=True, slots=True)
class One:
    """The page of an item."""

    frame: Frame
    today: Today

    async def read(self, request: Request, seat: Seat) -> Response:
        """An item as it stands; with `try` what would become of it."""
        return await self.show(
            request,
            seat,
            tries="try" in request.query_params,
            said=SAID.get(request.query_params.get("said", ""), ""),
        )

    async def show(
        self,
        request: Request,
        seat: Seat,
        *,
        status: int = 200,
        tries: bool = False,
        opened: Opened | None = None,
        **said: Any,
    ) -> Response:
        """The page of an item, with what was just done or went wrong."""
        spot = spot_of(request)
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            try:
                shown = await show(queries, spot)
            except GoneError:
                return await self._settled(queries, seat, spot, said)
            rehearsal, refused = None, ""
            if tries:
                try:
                    rehearsal = await rehearse(queries, self.today, spot)
                except NotPossibleError as error:
                    refused = str(error)
        return self.frame.seated(
            seat,
            "waiting/item",
            status,
            shown=shown,
            item=shown.item,
            codes=CODES,
            rehearsal=rehearsal,
            refused=refused,
            tried=_tried(rehearsal),
            opened=opened,
            lines=lines(opened.text, opened.breaches) if opened else (),
            schema=self._schema(shown),
            **{"said": "", "wrong": {}, "typed": {}, "breaches": (), **said},
        )

    async def _settled(
        self, queries: Any, seat: Seat, spot: Spot, said: dict[str, Any]
    ) -> Response:
        actions = await history(queries, spot)
        if not actions:
            raise gone(spot)
        return self.frame.seated(
            seat,
            "waiting/settled",
            spot=spot,
            actions=actions,
            said=said.get("said", ""),
        )

    def _schema(self, shown: Shown) -> str:
        model = self.today.models(shown.item.topic).get(shown.item.type)
        if model is None:
            return ""
        return msgspec.json.format(msgspec.json.encode(model.model_json_schema())).decode()


def spot_of(request: Request) -> Spot:
    """The spot that an address names."""
    named = request.path_params
    partition, offset = number(named["partition"], MAX_PART), number(named["offset"])
    if partition is None or offset is None or "\0" in named["topic"]:
        raise GoneError("no item has such an address; list the items there are")
    return Spot(named["topic"], partition, offset)


def _tried(rehearsal: Rehearsal | None) -> list[tuple[Any, Any]]:
    if rehearsal is None:
        return []
    return [(one, fields(one)) for one in (rehearsal.item, *rehearsal.followers)]
