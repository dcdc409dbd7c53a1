"""A list of deliveries as two pages have it: of all endpoints, and of one."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.access.permissions import Permission
from hub.adapters.postgres import Queries
from hub.delivery.endpoints import MAX_LIMIT, Endpoint, listed
from hub.delivery.reading import Delivery, Wanted, deliveries
from hub.delivery.replay import Settled
from hub.web.frame import Seat
from hub.web.telling.asked import STATES, TABS, fields_of, query, wanted_of

SHOWN = 30


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Some deliveries, and the ways on from them."""

    wanted: Wanted
    picked: Mapping[str, str]
    """The filters, as a form has them."""
    shown: list[Delivery]
    tabs: list[tuple[str, str, str]]
    """State, label and query of each part."""
    onwards: str
    """The query of the next page; empty at the end."""
    again: str
    """The query by which all that fit are tried for a replay; empty where none of them can be."""
    names: Mapping[str, str]
    """What endpoints are called, by id."""
    may_replay: bool


async def list_deliveries(
    queries: Queries, seat: Seat, asked: Mapping[str, str], endpoint: Endpoint | None = None
) -> Deliveries:
    """The deliveries that an address asks for, newest first."""
    wanted = wanted_of(asked, endpoint.id if endpoint else None)
    found = await deliveries(queries, seat.tenant, wanted, SHOWN + 1)
    names = {one.id: name_of(one) for one in await known(queries, seat)}
    fields = fields_of(wanted)
    shown, own = found[:SHOWN], fields if endpoint is None else _without(fields, "endpoint")
    more = {"before": str(shown[-1].id)} if len(found) > SHOWN else {}
    may_replay = seat.viewer.may(Permission.REPLAY_DELIVERY)
    return Deliveries(
        wanted=wanted,
        picked=own,
        shown=shown,
        tabs=[
            (state, label, query(_without(own, "state") | _state(state), seat.query))
            for state, label in TABS
        ],
        onwards=query(own, seat.query, **more) if more else "",
        again=_again(fields, wanted, seat) if may_replay else "",
        names=names,
        may_replay=may_replay,
    )


async def known(queries: Queries, seat: Seat) -> list[Endpoint]:
    """Endpoints whose names are worth showing; a merchant has a handful."""
    return await listed(queries, seat.tenant, "", MAX_LIMIT)


def name_of(endpoint: Endpoint) -> str:
    """What its owner calls it, else where it is."""
    return endpoint.about or endpoint.address


def _again(fields: dict[str, str], wanted: Wanted, seat: Seat) -> str:
    """No replay is chosen by an event's id, so there would be more in it than was listed."""
    settled: tuple[Settled | None, ...] = (*STATES, None)
    if wanted.event or wanted.state not in settled:
        return ""
    return query(fields | {"state": wanted.state or "dead"}, seat.query)


def _state(state: str) -> dict[str, str]:
    return {"state": state} if state else {}


def _without(fields: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in fields.items() if key != name}
