"""Events that cannot be decided now: held, retrying, dead letters, and those that are given up."""

import traceback
from dataclasses import dataclass, replace

import msgspec

from hub.access.keyring import HUB, Keyring
from hub.domain.errors import HubError
from hub.domain.fate import Retry, fate
from hub.ledger import wire
from hub.ledger.due import StoredItem
from hub.ledger.entries import Entry
from hub.ledger.homes import Home, Settled
from hub.ledger.lookups import Lookups
from hub.ledger.naming import APPLIED, names_of
from hub.ledger.plan import ItemGone, ItemRow, Plan, Reply
from hub.ledger.post import Post
from hub.ledger.standing import Standing
from hub.ledger.wire import Incoming
from hub.sdk.events import AskTenant, Event, Outcome
from schemas.envelope import Envelope, source_of, to_headers

BREAKER = 20
"""So many faults of ours in a row stop the partition instead of filling the dead letters."""
BEHIND = "waits behind an earlier event of its home"


class BreakerOpenError(HubError):
    """Too many faults of ours in a row; the partition stops before this event."""


@dataclass(slots=True)
class Aside:
    """Keeps what one batch could not decide; each event stays counted exactly once."""

    processor: str
    keyring: Keyring
    lookups: Lookups
    post: Post
    standing: Standing
    plan: Plan

    def invalid(self, one: Incoming, reason: str) -> None:
        """A dead letter that holds nothing: it was no valid event."""
        self._put(self._row(one, None, Outcome.DEAD_LETTERED, reason), None)
        self.post.dead_letter_copy(one, self._sealed_for(one), reason, 1)
        self._count(one, "", Outcome.DEAD_LETTERED, reason, None)
        self._tell(one, Outcome.DEAD_LETTERED, reason)

    def hold(self, one: Incoming, home: str, item: StoredItem | None = None) -> None:
        """Keep an event behind the earlier ones of its home."""
        self._put(self._row(one, home, Outcome.HELD, BEHIND), item)
        self._count(one, home, Outcome.HELD, BEHIND, item)
        self._tell(one, Outcome.HELD, BEHIND)

    def failed(
        self, one: Incoming, home: str | None, item: StoredItem | None, error: Exception
    ) -> None:
        """Retry or dead letter, as the error and the attempt say; both hold the home.

        Raises:
            BreakerOpenError: too many faults in a row; nothing was kept, the event is still to come.

        """
        attempt = item.row.attempt + 1 if item is not None else 1
        destiny = fate(error, attempt)
        reason = _storable(f"{type(error).__name__}: {error}")
        if isinstance(destiny, Retry):
            row = replace(self._row(one, home, Outcome.RETRYING, reason), delay=destiny.delay)
        else:
            if item is None and not isinstance(error, HubError):
                # A named error blames the event, and however many come in a row, our code works.
                self._count_fault()
            trace = _storable("".join(traceback.format_exception(error)))
            row = replace(self._row(one, home, Outcome.DEAD_LETTERED, reason), error=trace)
            self.post.dead_letter_copy(one, self._sealed_for(one), reason, attempt)
        self._put(replace(row, attempt=attempt), item)
        self._count(one, home or "", Outcome(row.state), reason, item)
        self._tell(one, Outcome(row.state), reason)

    def still_dead(self, one: Incoming, item: StoredItem, reason: str) -> None:
        """A redrive that found the event as invalid as before."""
        row = replace(
            item.row,
            state=Outcome.DEAD_LETTERED.value,
            delay=None,
            reason=_storable(reason),
            attempt=item.row.attempt + 1,
        )
        self._put(row, item)
        self._count(one, item.row.home or "", Outcome.DEAD_LETTERED, reason, item)

    def waiting_failed(self, home: Home, settled: Settled, error: Exception) -> None:
        """An early event failed when its turn came: it is an item from now on."""
        one, destiny = _as_it_came(settled), fate(error, 1)
        row = self._row(one, home.id, settled.outcome, settled.reason)
        if isinstance(destiny, Retry):
            self._put(replace(row, delay=destiny.delay), None)
            return
        trace = _storable("".join(traceback.format_exception(error)))
        self._put(replace(row, error=trace), None)
        self.post.dead_letter_copy(one, self._sealed_for(one), settled.reason, 1)

    def give_up(self, one: Incoming, item: StoredItem) -> None:
        """End an event with a person's reason."""
        reason = item.wanted_why or "given up"
        self.settled(item)
        self._log(one, item.row.home or "", Outcome.GIVEN_UP, reason, item)
        self.plan.counts[Outcome.GIVEN_UP] += 1
        self._tell(one, Outcome.GIVEN_UP, reason)

    def forwarded(self, one: Incoming, tenant: str, home: str, item: StoredItem | None) -> None:
        """Send an event on to the partition of its home."""
        self.post.forward(one, tenant, home)
        if item is not None:
            self.settled(item)
        self._log(one, home, Outcome.FORWARDED, "lives in another partition", item)
        self.plan.counts[Outcome.FORWARDED] += 1

    def settled(self, item: StoredItem) -> None:
        """An item leaves the table; what its home holds behind it may go on."""
        standing, home = self.standing, item.row.home
        self.plan.items[item.row.offset] = ItemGone(item.row.offset, item.row.version)
        self.plan.counts[item.row.state] -= 1
        if home is not None:
            standing.held[home] -= 1
            if not standing.held[home]:
                del standing.held[home]
                standing.loose.discard(home)

    def _put(self, row: ItemRow, item: StoredItem | None) -> None:
        before, gone = item.row if item is not None else None, self.plan.items.get(row.offset)
        version = before.version + 1 if before is not None else 1
        if before is None and isinstance(gone, ItemGone):
            # Settled as early by this very batch, and failed when its turn came.
            version = gone.version + 1
        held_in = before.home if before is not None else None
        row = replace(row, version=version, home=held_in or row.home)
        self.plan.items[row.offset] = row
        if row.home is not None and held_in is None:
            self.standing.held[row.home] += 1

    def _count(
        self, one: Incoming, home: str, outcome: Outcome, reason: str, item: StoredItem | None
    ) -> None:
        self._log(one, home, outcome, reason, item)
        self.plan.counts[outcome] += 1
        if item is not None:
            self.plan.counts[item.row.state] -= 1

    def _count_fault(self) -> None:
        if self.standing.faults >= BREAKER:
            message = f"{BREAKER} faults in a row"
            raise BreakerOpenError(message)
        self.standing.faults += 1

    def _row(self, one: Incoming, home: str | None, state: Outcome, reason: str) -> ItemRow:
        envelope, arrival = one.envelope, one.arrival
        tenant = self._sealed_for(one)
        customer = one.contact.customer if one.contact is not None else one.payload.customer
        hashes = (customer.ref, customer.email_hash, customer.phone_hash) if customer else ()
        return ItemRow(
            offset=one.offset,
            home=home,
            state=state.value,
            tenant=tenant,
            event_id=_storable(envelope.id) if envelope else "",
            type=_storable(envelope.type) if envelope else "",
            attempt=1,
            delay=None,
            reason=_storable(reason),
            error=None,
            sealed=self.keyring.seal(tenant, wire.pack(one.payload)),
            contacts=tuple(h for h in hashes if h),
            received_at=arrival.event.received_at if arrival else one.payload.received_at,
        )

    def _sealed_for(self, one: Incoming) -> str:
        tenant = one.envelope.tenant if one.envelope else HUB
        return tenant if self.lookups.known.answers.get(AskTenant(tenant)) is not None else HUB

    def _tell(self, one: Incoming, outcome: Outcome, reason: str) -> None:
        if one.request is not None and one.envelope is not None:
            answer = msgspec.json.encode({"reason": reason})
            reply = Reply(one.envelope.tenant, one.envelope.id, outcome.value, answer)
            self.plan.reply(one.request, reply)

    def _log(
        self, one: Incoming, home: str, outcome: Outcome, reason: str, item: StoredItem | None
    ) -> None:
        envelope = one.envelope
        entry = Entry(
            offset=one.offset,
            event=envelope.id if envelope else "",
            type=envelope.type if envelope else "",
            tenant=envelope.tenant if envelope else "",
            connector=envelope.connector if envelope else "",
            home=home,
            outcome=outcome.value,
            time=envelope.time if envelope else one.payload.received_at,
            before=item.row.state if item is not None else None,
            reason=reason,
            correlationid=(envelope.correlationid or "") if envelope else "",
            by=self.processor,
            hash=one.arrival.event.body_hash if one.arrival else "",
            raw=one.arrival.event.raw if one.arrival else None,
            names=() if outcome in APPLIED else names_of(one.payload.value),
        )
        self.plan.entries.append(entry)


def _as_it_came(settled: Settled) -> Incoming:
    """A kept event as a record again, its contact already taken out."""
    event: Event = settled.arrival.event
    envelope = Envelope(
        id=event.id,
        source=source_of(event.tenant, event.connector),
        type=event.type,
        time=event.time,
        tenant=event.tenant,
        subject=event.subject,
        correlationid=event.correlationid,
        traceparent=event.traceparent,
    )
    headers = to_headers(envelope)
    if settled.arrival.request:
        headers.append((wire.REQUEST, settled.arrival.request.encode()))
    if event.raw:
        headers += [(wire.RAW, event.raw.encode()), (wire.REVISION, b"%d" % event.revision)]
    value = event.fact.model_dump_json(exclude_none=True).encode()
    payload = wire.Payload(headers, value, event.received_at, event.customer, event.body_hash)
    return Incoming(settled.arrival.offset, payload, settled.arrival, envelope=envelope)


def _storable(text: str) -> str:
    """Text that Postgres takes, whatever the event had in it."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
