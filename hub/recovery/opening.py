"""What an item holds, opened for a person; who looked is written down in the same statement."""

import msgspec
from pydantic import ValidationError

from hub.adapters.postgres import Database, Queries
from hub.ledger.wire import Incoming, InvalidEventError, Payload, opened
from hub.recovery.actions import ABOUT, SAID
from hub.recovery.spot import Spot, gone, reason_of
from hub.recovery.today import Today
from schemas.base import Fact
from schemas.envelope import EnvelopeError

ERROR = "hub-error"
"""The traceback of a translation that failed: it may quote the payload, so it is sealed with it."""
LOOK = """
with about as (
  select {about}, i.sealed, i.original from item i where i.topic = $1 and i.part = $2 and i."offset" = $3),
said as ({said}
  select tenant, topic, part, "offset", event_id, correlation, source, $4, 'look', $5, '', null, null
    from about returning n)
select about.tenant, about.sealed, about.original from about, said
"""


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a payload is not what its schema asks for."""

    place: str
    """As in `lines.0.price`; empty where the whole is meant."""
    message: str


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A payload with everything a person needs to understand and to mend it."""

    headers: dict[str, str]
    text: str
    original: str | None
    """As it came, where it was edited since."""
    schema: msgspec.Raw
    """The JSON Schema of its event type; null where there is none, as of a raw record."""
    breaches: tuple[Breach, ...]
    error: str
    """The traceback that is sealed with it."""


async def look(
    queries: Database | Queries, today: Today, spot: Spot, why: str, *, by: str
) -> Opened:
    """Open the payload of an item.

    Raises:
        NotPossibleError: there is no such item, or no reason was given.
        SealError: it was sealed with another key.

    """
    sql = LOOK.format(about=ABOUT, said=SAID)
    rows = await queries.fetch(sql, *spot, by, reason_of(why, "opening a payload"))
    if not rows:
        raise gone(spot)
    (row,) = rows
    payload = await today.opened(row["tenant"], row["sealed"])
    first = await today.opened(row["tenant"], row["original"]) if row["original"] else None
    incoming = today.incoming(spot.topic, spot.offset, payload)
    model = _model(incoming, today.models(spot.topic))
    headers = {name: value.decode("utf-8", "replace") for name, value in payload.headers}
    return Opened(
        error=headers.pop(ERROR, ""),
        headers=headers,
        text=as_text(payload),
        original=as_text(first) if first else None,
        schema=msgspec.Raw(msgspec.json.encode(model.model_json_schema() if model else None)),
        breaches=breaches(incoming, model) if today.models(spot.topic) else (),
    )


def as_text(payload: Payload) -> str:
    """A payload's body as text; bytes that are none stand as U+FFFD."""
    return (payload.value or b"").decode("utf-8", "replace")


def _model(incoming: Incoming, models: dict[str, type[Fact]]) -> type[Fact] | None:
    return models.get(incoming.envelope.type) if incoming.envelope else None


def breaches(incoming: Incoming, model: type[Fact] | None) -> tuple[Breach, ...]:
    """Where an event breaks its schema; values are not quoted."""
    if not incoming.invalid:
        return ()
    found = _found(incoming, model) if model else ()
    return found or (Breach(place="", message=incoming.invalid),)


def _found(incoming: Incoming, model: type[Fact]) -> tuple[Breach, ...]:
    try:
        _, value = opened(incoming.payload)
        model.model_validate_json(value or b"")
    except ValidationError as error:
        told = error.errors(include_url=False, include_context=False, include_input=False)
        return tuple(Breach(place=_place(one["loc"]), message=one["msg"]) for one in told)
    except (InvalidEventError, EnvelopeError):
        pass
    return ()


def _place(parts: tuple[int | str, ...]) -> str:
    return ".".join(map(str, parts))
