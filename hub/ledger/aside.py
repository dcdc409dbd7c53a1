"""Events that cannot be decided now: held, retrying, dead letters, and those that are given up."""

import traceback
from dataclasses import dataclass, replace

import msgspec

from hub.access.keyring import HUB, Keyring
from hub.access.tenants import ERASED
from hub.domain.errors import HubError, UnavailableError, reject
from hub.domain.fate import DeadLetter, Fate, Retry
from hub.ledger import wire
from hub.ledger.due import StoredItem
from hub.ledger.early import NotRestoredError
from hub.ledger.entries import Entry
from hub.ledger.homes import Home, Settled
from hub.ledger.items import ItemGone, ItemRow, storable
from hub.ledger.lookups import Lookups
from hub.ledger.naming import APPLIED, names_of
from hub.ledger.outside import PendingError
from hub.ledger.patience import Patience
from hub.ledger.plan import Plan, Reply
from hub.ledger.post import Post
from hub.ledger.standing import Standing
from hub.ledger.wire import Incoming
from hub.sdk.events import AskTenant, Event, Outcome
from schemas.envelope import Envelope, source_of, to_headers

BEHIND = "waits behind an earlier event of its home"
INVALID, HELD = "invalid", "held"


class BreakerOpenError(HubError):
    """Too many faults of ours; the partition stops before this event."""


@dataclass(slots=True)
class Aside:
    """Keeps what one batch could not decide; each event stays counted exactly once."""

    processor: str
    keyring: Keyring
    lookups: Lookups
    post: Post
    standing: Standing
    plan: Plan
    patience: Patience

    def invalid(self, one: Incoming, reason: str) -> None:
        """A dead letter that holds nothing: it was no valid event."""
        self._keep_invalid(one, reason)
        self._count(one, "", Outcome.DEAD_LETTERED, reason, None)
        self._tell(one, Outcome.DEAD_LETTERED, reason)

    def _keep_invalid(self, one: Incoming, reason: str) -> None:
        row = self._row(one, None, Outcome.DEAD_LETTERED, reason)
        self._put(replace(row, code=INVALID), None)
        self.post.dead_letter_copy(one, self._sealed_for(one), reason, 1)

    def refused(self, one: Incoming, item: StoredItem | None = None) -> None:
        """End an event of a merchant that was erased: answered and counted, and nothing of it kept."""
        tenant = one.envelope.tenant if one.envelope else HUB
        error = reject("tenant_erased", ERASED.format(tenant=tenant))
        if item is not None:
            self.settled(item)
        bare = replace(one, payload=wire.Payload([], None, one.payload.received_at))
        self._log(bare, "", Outcome.REJECTED, str(error), item)
        self.plan.counts[Outcome.REJECTED] += 1
        reasons = [one.model_dump(exclude_none=True) for one in error.reasons]
        self._answer(bare, Outcome.REJECTED, {"reasons": reasons})

    def hold(self, one: Incoming, home: str, item: StoredItem | None = None) -> None:
        """Keep an event behind the earlier ones of its home."""
        row = self._row(one, home, Outcome.HELD, BEHIND)
        self._put(replace(row, attempt=item.row.attempt if item else 0, code=HELD), item)
        self._count(one, home, Outcome.HELD, BEHIND, item)
        self._tell(one, Outcome.HELD, BEHIND)

    def failed(
        self, one: Incoming, home: str | None, item: StoredItem | None, error: Exception
    ) -> None:
        """Retry or dead letter, as the error and the attempt say; both hold the home.

        Raises:
            BreakerOpenError: too many faults; nothing was kept, the event is still to come.

        """
        tenant = one.envelope.tenant if one.envelope else HUB
        attempts = item.row.attempt if item is not None else 0
        destiny, attempt = self.patience.fate(tenant, error, attempts)
        row = self._failed_row(one, home, error, destiny)
        if isinstance(destiny, DeadLetter):
            # A named error blames the event, and however many come in a row, our code works.
            ours = item is None and not isinstance(error, HubError)
            if ours and not self.standing.may_fail():
                raise BreakerOpenError("too many faults")
            self.post.dead_letter_copy(one, self._sealed_for(one), row.reason, attempt)
        self._put(replace(row, attempt=attempt), item)
        self._count(one, home or "", Outcome(row.state), row.reason, item)
        if not isinstance(error, PendingError) or error.look_again is None:
            # While somebody is being asked nothing is away: its sender may hear the answer in a moment.
            self._tell(one, Outcome(row.state), row.reason)

    def still_dead(self, one: Incoming, item: StoredItem, reason: str) -> None:
        """A redrive that found the event as invalid as before."""
        row = replace(
            item.row,
            state=Outcome.DEAD_LETTERED.value,
            delay=None,
            reason=storable(reason),
            code=INVALID,
            dependency=None,
            attempt=item.row.attempt + 1,
        )
        self._put(row, item)
        self._count(one, item.row.home or "", Outcome.DEAD_LETTERED, reason, item)

    def waiting_failed(self, home: Home, settled: Settled, error: Exception) -> None:
        """An early event failed when its turn came: it is an item from now on."""
        one = _as_it_came(settled)
        if isinstance(error, NotRestoredError):
            self._keep_invalid(one, str(error))
            return
        destiny, attempt = self.patience.fate(home.tenant, error, 0)
        row = self._failed_row(one, home.id, error, destiny)
        self._put(replace(row, attempt=attempt), None)
        if isinstance(destiny, DeadLetter):
            self.post.dead_letter_copy(one, self._sealed_for(one), row.reason, 1)

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
        home = item.row.home
        self.plan.items[item.row.offset] = ItemGone(item.row.offset, item.row.version)
        self.plan.counts[item.row.state] -= 1
        if home is not None:
            self.standing.queues.leave(home)

    def _put(self, row: ItemRow, item: StoredItem | None) -> None:
        before, gone = item.row if item is not None else None, self.plan.items.get(row.offset)
        version = before.version + 1 if before is not None else 1
        if before is None and isinstance(gone, ItemGone):
            # Settled as early by this very batch, and failed when its turn came.
            version = gone.version + 1
        held_in = before.home if before is not None else None
        # Where nobody can tell a home, it stays in the one it has waited in.
        row = replace(row, version=version, home=row.home or held_in)
        self.plan.items[row.offset] = row
        if row.home != held_in:
            self._move(held_in, row.home)

    def _move(self, left: str | None, entered: str | None) -> None:
        if left is not None:
            self.standing.queues.leave(left)
        if entered is not None:
            self.standing.queues.enter(entered)

    def _count(
        self, one: Incoming, home: str, outcome: Outcome, reason: str, item: StoredItem | None
    ) -> None:
        self._log(one, home, outcome, reason, item)
        self.plan.counts[outcome] += 1
        if item is not None:
            self.plan.counts[item.row.state] -= 1

    def _failed_row(
        self, one: Incoming, home: str | None, error: Exception, destiny: Fate
    ) -> ItemRow:
        """As it waits for its next attempt, or for a person with the traceback beside it."""
        reason, code = storable(f"{type(error).__name__}: {error}"), type(error).__name__
        away = error.dependency if isinstance(error, UnavailableError) else None
        if isinstance(destiny, Retry):
            row = self._row(one, home, Outcome.RETRYING, reason)
            return replace(row, delay=destiny.delay, code=code, dependency=away)
        row = self._row(one, home, Outcome.DEAD_LETTERED, reason)
        trace = storable("".join(traceback.format_exception(error)))
        return replace(row, error=trace, code=_where(error), dependency=away)

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
            event_id=envelope.id if envelope else "",
            type=envelope.type if envelope else "",
            attempt=1,
            reason=reason,
            sealed=self.keyring.seal(tenant, wire.pack(one.payload)),
            contacts=tuple(h for h in hashes if h),
            received_at=arrival.event.received_at if arrival else one.payload.received_at,
            source=envelope.connector if envelope else "",
            revision=arrival.event.revision if arrival else 0,
            hash=arrival.event.body_hash if arrival else "",
            correlation=envelope.correlationid or envelope.id if envelope else "",
        )

    def _sealed_for(self, one: Incoming) -> str:
        tenant = one.envelope.tenant if one.envelope else HUB
        return tenant if self.lookups.known.answers.get(AskTenant(tenant)) is not None else HUB

    def _tell(self, one: Incoming, outcome: Outcome, reason: str) -> None:
        self._answer(one, outcome, {"reason": reason})

    def _answer(self, one: Incoming, outcome: Outcome, said: object) -> None:
        if one.request is not None and one.envelope is not None:
            answer = msgspec.json.encode(said)
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
    hashes = event.body_hash, event.edited_hash or None
    payload = wire.Payload(headers, value, event.received_at, event.customer, *hashes)
    return Incoming(settled.arrival.offset, payload, settled.arrival, envelope=envelope)


def _where(error: Exception) -> str:
    """The kind of a fault and the function it happened in, the same however its message differs."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {frames[-1].name}" if frames else type(error).__name__
