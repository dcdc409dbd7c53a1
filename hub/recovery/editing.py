"""A payload that a person mends: valid as its schema asks, sealed as before, the original kept."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
import orjson

from hub.adapters.postgres import Database, Queries
from hub.ledger.wire import EDITED, Incoming, Payload, hashed, opened, pack
from hub.recovery.actions import ABOUT, SAID
from hub.recovery.opening import Breach, breaches
from hub.recovery.places import changed_places
from hub.recovery.snapshot import snapshot
from hub.recovery.spot import ChangedError, NotPossibleError, Spot, being_told, gone, reason_of
from hub.recovery.stage import stage_of
from hub.recovery.today import Today

MAX_BYTES = 2 * 1024 * 1024
ROW = """
select home, tenant, state, wanted, on_hold, sealed, original, contacts, version, telling from item
 where topic = $1 and part = $2 and "offset" = $3
"""
EDIT = """
with changed as (
  update item i set sealed = $6, original = $7, contacts = $8, version = i.version + 1
   where i.topic = $1 and i.part = $2 and i."offset" = $3 and i.version = $9
     and i.telling is null
  returning {about}),
said as ({said}
  select changed.*, $4, 'edit', $5, '', null, $10::text::json from changed)
select count(*) from changed
"""


class NotValidError(NotPossibleError):
    """The new body is not what its schema asks for."""

    def __init__(self, message: str, found: tuple[Breach, ...]) -> None:
        """Keep where it is not."""
        super().__init__(message)
        self.breaches = found


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit has changed."""

    before: str
    """The hash of the body before."""
    after: str
    changed: tuple[str, ...]
    """The places that changed, at most 200; no values."""
    is_original: bool
    """Whether it is as it came."""
    version: int
    """Of the item by this edit; what others do to it since has a later one."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """An item's payloads on their way."""

    row: Any
    before: Payload
    first: Payload
    after: Payload


async def edit(  # noqa: PLR0913 - what is mended, by what, why and by whom
    queries: Database | Queries,
    today: Today,
    spot: Spot,
    body: bytes,
    why: str,
    *,
    by: str,
    version: int | None = None,
) -> Edited:
    """Put another body in the place of an item's. It is tried again only when somebody redrives it.

    `version` is of the item as who edits has seen it.

    Raises:
        ChangedError: it has another version by now, or is being told.
        NotValidError: the body is not what the schema of its type asks for.
        NotPossibleError: there is no such item, no reason was given, or the body cannot stand there.
        SealError: it was sealed with another key.

    """
    reason = reason_of(why, "an edit")
    row, before, first = await _read(queries, today, spot, version)
    is_event = bool(today.models(spot.topic))
    after = _event(today, spot, first, body) if is_event else _record(before, first, body)
    if is_event and row["home"] is not None:
        await _stays(queries, today, spot, row["home"], after)
    return await _write(queries, today, spot, _Draft(row, before, first, after), reason, by)


async def undo(  # noqa: PLR0913 - what is put back, why and by whom
    queries: Database | Queries,
    today: Today,
    spot: Spot,
    why: str,
    *,
    by: str,
    version: int | None = None,
) -> Edited:
    """Put the body as it came back in its place.

    Raises:
        ChangedError: it has another version by now, or is being told.
        NotPossibleError: there is no such item, it was not edited, or no reason was given.

    """
    reason = reason_of(why, "an edit")
    row, before, first = await _read(queries, today, spot, version)
    if row["original"] is None:
        raise NotPossibleError(f"{spot} was not edited; it is as it came")
    return await _write(queries, today, spot, _Draft(row, before, first, first), reason, by)


async def _read(
    queries: Database | Queries, today: Today, spot: Spot, version: int | None
) -> tuple[Any, Payload, Payload]:
    rows = await queries.fetch(ROW, *spot)
    if not rows:
        raise gone(spot)
    (row,) = rows
    if row["telling"] is not None:
        raise being_told(spot)
    if version not in (None, row["version"]):
        raise _changed(spot)
    if not today.models(spot.topic):
        _check_nobody_tries(spot, row)
    before = await today.opened(row["tenant"], row["sealed"])
    first = await today.opened(row["tenant"], row["original"]) if row["original"] else before
    return row, before, first


def _check_nobody_tries(spot: Spot, row: Any) -> None:
    """What a record means is told before its item is settled, so it must not change in between."""
    if row["on_hold"] is None and (row["state"] != "parked" or row["wanted"] is not None):
        message = f"{spot} may be translated at any moment; hold it first, then edit and redrive it"
        raise NotPossibleError(message)


def _event(today: Today, spot: Spot, first: Payload, body: bytes) -> Payload:
    """The event with another body; still known as the one that came."""
    was = today.incoming(spot.topic, spot.offset, first)
    if was.envelope is None:
        message = f"{spot} is no event whatever its body says: {was.invalid}; give it up instead"
        raise NotPossibleError(message)
    after = _edited(first, body, first.body_hash or hashed(*opened(first)))
    now = today.incoming(spot.topic, spot.offset, after)
    if now.invalid:
        found = breaches(now, today.models(spot.topic).get(was.envelope.type))
        raise NotValidError(f"the new body is not valid: {now.invalid}", found)
    if now.envelope != was.envelope:
        raise NotPossibleError("the attributes of an event stay as they came; change its data only")
    if first.customer is not None and "customer" in orjson.loads(opened(after)[1] or b"{}"):
        message = "its contact is kept elsewhere already; leave `customer` out of the new body"
        raise NotPossibleError(message)
    return after


async def _stays(
    queries: Database | Queries, today: Today, spot: Spot, home: str, after: Payload
) -> None:
    """Refuse a body that lives in another home: there, what came would not be known as the same event."""
    async with snapshot(queries) as moment:
        stage = await stage_of(moment, today.processors[spot.topic], today.keyring)
        now = await stage.home(today.incoming(spot.topic, spot.offset, after))
    if now != home:
        message = (
            f"the new body belongs to another home, {now}, where a repeat of what came is not recognised;"
            " give this one up and have its source send the right one under an id of its own"
        )
        raise NotPossibleError(message)


def _record(before: Payload, first: Payload, body: bytes) -> Payload:
    """The raw record with another body, as well formed as the one before."""
    if not body or len(body) > MAX_BYTES:
        raise NotPossibleError(f"a record has between 1 and {MAX_BYTES} bytes")
    if _is_json(before.value) and not _is_json(body):
        raise NotPossibleError("the new body is no JSON, and the one before is; mend it")
    return _edited(first, body, sha256(first.value or b"").hexdigest())


def _edited(first: Payload, body: bytes, came_as: str) -> Payload:
    if body == first.value:
        return first
    headers = [*first.headers, (EDITED, came_as.encode())]
    return msgspec.structs.replace(first, value=body, headers=headers, edited_hash=None)


async def _write(  # noqa: PLR0913, PLR0917 - what is written, why and by whom
    queries: Database | Queries, today: Today, spot: Spot, draft: _Draft, why: str, by: str
) -> Edited:
    row, after = draft.row, draft.after
    is_original = after is draft.first
    edited = Edited(
        before=_hash(draft.before),
        after=_hash(after),
        changed=changed_places(draft.before.value, after.value),
        is_original=is_original,
        version=row["version"] + 1,
    )
    sql = EDIT.format(about=ABOUT, said=SAID)
    sealed = today.keyring.seal(row["tenant"], pack(after))
    original = None if is_original else row["original"] or row["sealed"]
    contacts = _contacts(today, spot, (draft.first, after), row["contacts"])
    document = msgspec.json.encode(edited).decode()
    rows = await queries.fetch(
        sql, *spot, by, why, sealed, original, contacts, row["version"], document
    )
    if not rows[0]["count"]:
        raise _changed(spot)
    return edited


def _changed(spot: Spot) -> ChangedError:
    return ChangedError(f"{spot} changed meanwhile; look at it again, then edit it again")


def _contacts(
    today: Today, spot: Spot, payloads: tuple[Payload, ...], known: list[str]
) -> list[str]:
    """The hashes by which a contact's erasure finds what is kept: of the original, and of the new body."""
    if not today.models(spot.topic):
        return known
    found: dict[str, None] = {}
    for payload in payloads:
        found |= dict.fromkeys(_hashes(today.incoming(spot.topic, spot.offset, payload)))
    return list(found)


def _hashes(one: Incoming) -> tuple[str, ...]:
    customer = one.contact.customer if one.contact is not None else one.payload.customer
    if customer is None:
        return ()
    return tuple(h for h in (customer.ref, customer.email_hash, customer.phone_hash) if h)


def _hash(payload: Payload) -> str:
    return sha256(payload.value or b"").hexdigest()


def _is_json(body: bytes | None) -> bool:
    try:
        orjson.loads(body or b"")
    except orjson.JSONDecodeError:
        return False
    return True
