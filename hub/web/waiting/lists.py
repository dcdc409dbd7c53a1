"""Everything that waits, what of it failed alike, what is away; and the notes about it."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from hub.domain.notes import CODES
from hub.recovery.away import away
from hub.recovery.choosing import Filter
from hub.recovery.counting import count
from hub.recovery.groups import Group, groups
from hub.recovery.items import page
from hub.recovery.notes import search_notes
from hub.recovery.spot import NotPossibleError
from hub.web.frame import Frame, Seat
from hub.web.waiting.asked import MAX_WORD, TABS, fields, filter_of, number, query, tab_of

GROUPS, ITEMS, NOTES = 12, 40, 50
ELSEWHERE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Lists:
    """Pages of many."""

    frame: Frame

    async def items(self, request: Request, seat: Seat) -> Response:
        """What waits."""
        where = filter_of(request.query_params, seat.tenant)
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            counts = await count(queries)
            alike = await groups(queries, where, GROUPS + 1)
            try:
                cursor = request.query_params.get("cursor")
                found = await page(queries, where, limit=ITEMS, cursor=cursor)
            except NotPossibleError:
                # A cursor that somebody has cut off: the first page again.
                found = await page(queries, where, limit=ITEMS)
            gone = await away(queries)
            fits = (await count(queries, where)).items
        return self.frame.seated(
            seat,
            "waiting/items",
            where=where,
            picked=fields(where),
            tab=tab_of(where),
            tabs=[(one, query(one.where, seat.query), getattr(counts, one.count)) for one in TABS],
            groups=[(one, query(_of(one), seat.query)) for one in alike[:GROUPS]],
            more_groups=len(alike) > GROUPS,
            items=found.items,
            onwards=query(where, seat.query, cursor=found.cursor) if found.cursor else "",
            everything=query(where, seat.query),
            fits=fits,
            away=[one for one in gone if where.dependency in (None, one.name)],
            elsewhere=await self._elsewhere(seat),
            is_later="cursor" in request.query_params,
        )

    async def _elsewhere(self, seat: Seat) -> list[tuple[str, int]]:
        """How much waits of others whom an operator looks after; as many as are quickly asked."""
        found: list[tuple[str, int]] = []
        try:
            async with asyncio.timeout(ELSEWHERE_SECONDS):
                for tenant in seat.tenants:
                    async with self.frame.database.speaking_for(tenant) as queries:
                        found.append((tenant, (await count(queries)).items))
        except TimeoutError:
            pass
        return [(tenant, items) for tenant, items in found if items and tenant != seat.tenant]

    async def notes(self, request: Request, seat: Seat) -> Response:
        """What staff noted."""
        asked = request.query_params
        text = asked.get("text", "").replace("\0", "").strip()[:MAX_WORD]
        code = asked.get("code", "") if asked.get("code", "") in CODES else ""
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            found = await search_notes(
                queries,
                text=text or None,
                code=code or None,
                before=number(asked.get("before", "")),
                limit=NOTES + 1,
            )
        notes = found[:NOTES]
        more = (
            {"text": text, "code": code, "before": str(notes[-1].n)} if len(found) > NOTES else {}
        )
        return self.frame.seated(
            seat,
            "waiting/notes",
            notes=notes,
            text=text,
            code=code,
            codes=CODES,
            onwards=query(Filter(), seat.query, **more) if more else "",
        )


def _of(group: Group) -> Filter:
    """The items of a group; its reason is no text that any of them has."""
    return Filter(
        state=group.state,
        topic=group.topic,
        code=group.code or None,
        source=group.source or None,
        type=group.type or None,
        release=group.release or None,
        dependency=group.dependency,
    )
