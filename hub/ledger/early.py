"""An early event as it waits in its home, and as it is read again when its turn comes."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import msgspec
from pydantic import ConfigDict, ValidationError

from hub.domain.errors import HubError
from hub.ledger.facts import explained, unknown
from hub.sdk.events import CustomerRef, Event
from schemas.base import Fact


class NotRestoredError(HubError):
    """An early event that this release cannot read any more: what is no valid event is set aside."""


class Unread(Fact):
    """What an event said whose type is unknown by now, or asks for more: kept as it stands."""

    TYPE: ClassVar[str] = ""
    model_config = ConfigDict(extra="allow", frozen=True)


class Kept(msgspec.Struct, gc=False):
    """An early event as it waits: without personal data, its contact already sealed elsewhere."""

    id: str
    type: str
    tenant: str
    connector: str
    time: datetime
    received_at: datetime
    fact: msgspec.Raw
    body_hash: str
    offset: int
    request: str | None = None
    customer: CustomerRef | None = None
    subject: str | None = None
    correlationid: str | None = None
    traceparent: str | None = None
    raw: str | None = None
    revision: int = 0
    edited_hash: str = ""


def kept(event: Event, offset: int, request: str | None) -> Kept:
    """An event as it is put to wait."""
    return Kept(
        id=event.id,
        type=event.type,
        tenant=event.tenant,
        connector=event.connector,
        time=event.time,
        received_at=event.received_at,
        fact=msgspec.Raw(event.fact.model_dump_json(exclude_none=True).encode()),
        body_hash=event.body_hash,
        offset=offset,
        request=request,
        customer=event.customer,
        subject=event.subject,
        correlationid=event.correlationid,
        traceparent=event.traceparent,
        raw=event.raw,
        revision=event.revision,
        edited_hash=event.edited_hash,
    )


def restored(one: Kept, models: Mapping[str, type[Fact]]) -> tuple[Event, NotRestoredError | None]:
    """The event that waits; with what is wrong where these models cannot read it any more."""
    model = models.get(one.type)
    if model is None:
        return _event(one, Unread), NotRestoredError(unknown(one.type, models))
    try:
        return _event(one, model), None
    except ValidationError as error:
        return _event(one, Unread), NotRestoredError(explained(one.type, error))


def _event(one: Kept, model: type[Fact]) -> Event:
    return Event(
        id=one.id,
        type=one.type,
        tenant=one.tenant,
        connector=one.connector,
        time=one.time,
        received_at=one.received_at,
        fact=model.model_validate_json(bytes(one.fact)),
        customer=one.customer,
        subject=one.subject,
        correlationid=one.correlationid,
        traceparent=one.traceparent,
        body_hash=one.body_hash,
        raw=one.raw,
        revision=one.revision,
        edited_hash=one.edited_hash,
    )
