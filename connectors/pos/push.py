"""What a till posts: one ticket, an array of tickets or `{"tickets": […]}`, signed."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from connectors.pos.settings import Settings
from connectors.pos.ticket import BYTE_ORDER_MARK, Head, kind_of, read, sold_reference, text
from connectors.sdk import Delivery, Fault, RawRecord, UnreadableError, UntranslatableError
from connectors.sdk.webhooks import message_id

MAX_TICKETS = 500
SHAPES = 'send a ticket as a JSON object, an array of them, or {"tickets": [...]}, in UTF-8'


class Batch(Struct):
    tickets: Raw | UnsetType = UNSET


def split(delivery: Delivery, settings: Settings) -> list[RawRecord | Fault]:
    """Each ticket exactly as it was sent, under the delivery's id and its place in it."""
    message = message_id(delivery)
    tickets = _tickets(delivery.body)
    return [_record(ticket, f"{message}/{n}", settings) for n, ticket in enumerate(tickets)]


def _tickets(body: bytes) -> Sequence[bytes | Raw]:
    try:
        tickets = _elements(body)
    except RecursionError as error:
        raise _unreadable("too_deep", f"it is nested too deeply; {SHAPES}") from error
    except msgspec.ValidationError as error:
        raise _unreadable("not_tickets", f"{error}; {SHAPES}") from error
    except ValueError as error:
        raise _unreadable("not_json", f"{error}; {SHAPES}") from error
    if not 1 <= len(tickets) <= MAX_TICKETS:
        code = "too_many" if tickets else "empty"
        raise _unreadable(code, f"{len(tickets)} tickets; send 1 to {MAX_TICKETS} at a time")
    return tickets


def _elements(body: bytes) -> Sequence[bytes | Raw]:
    text = body.removeprefix(BYTE_ORDER_MARK)
    said: bytes | Raw = text
    if not text.isascii():
        # What is skipped over is not decoded, and would be found broken only after it was accepted.
        text.decode()
    if not text.lstrip().startswith(b"["):
        batch = msgspec.json.decode(said, type=Batch).tickets
        if batch is UNSET:
            return [body]
        said = batch
    return msgspec.json.decode(said, type=list[Raw])


def _record(ticket: bytes | Raw, ref: str, settings: Settings) -> RawRecord | Fault:
    try:
        head = read(ticket, Head)
        key = _key(head, settings)
    except UntranslatableError as error:
        return error.faults[0]
    return RawRecord(ref, bytes(ticket), key)


def _key(head: Head, settings: Settings) -> str:
    """The sale that it speaks of; a till's own heartbeats stay in order among themselves."""
    try:
        kind = kind_of(head, settings)
    except UntranslatableError:
        # Its words are a matter of settings: it lands, and is translated once they are right.
        kind = "sale"
    if kind == "quiet":
        return f"{text(head.branch)}/{text(head.till)}"
    return sold_reference(head, kind, settings)


def _unreadable(code: str, message: str) -> UnreadableError:
    return UnreadableError(Fault(code, message))
