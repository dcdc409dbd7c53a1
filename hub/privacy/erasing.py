"""Forgetting somebody: the contact, its hashes and every sealed body that holds it; the rest stays.

It goes on where it stopped: who the person is stands sealed beside the request until all is done. What
was received before the request and comes later, the engine does not write again: the statement of a
batch asks `erased`, and neither can slip past the other, for both need the contact table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub.access.keyring import HUB
from hub.adapters.postgres import Database, Queries
from hub.audit.entries import By, Entry, record
from hub.domain.customers import CALLED, trait
from hub.privacy.accounts import forget_accounts
from hub.privacy.kept import Kept
from hub.privacy.people import Known, Person, find, packed, unpacked
from hub.recovery.today import Today
from schemas.topics import Topic

OPEN = """
select id, tenant, by_kind, by_id, by_role, asked_at, sealed from privacy_request
 where kind = 'erasure' and done_at is null and ($1::text is null or id = $1) order by asked_at limit 100
"""
# Whoever writes contacts holds this lock's enemy until it commits, and takes its snapshot after it: a batch
# is done before, and what it wrote is deleted here, or it comes after, and sees who was erased.
LOCK = "lock table contact in share row exclusive mode"
MARK = """
insert into erased as e (tenant, hash, at, request)
select $1, h, clock_timestamp(), $3 from unnest($2::text[]) h order by 2
on conflict (tenant, hash) do update set at = excluded.at, request = excluded.request
returning at
"""
DELETE = "delete from contact where tenant = $1 and ref = any($2::text[])"
UNNAME = """
delete from name where tenant = $1
   and (kind in ('email', 'phone') and (value = any($2::text[]) or id = any($3::text[]))
        or kind = 'customer' and value = any($4::text[]))
"""
REMEMBER = "update privacy_request set sealed = $2 where id = $1"
MARKED = "select min(at) from erased where tenant = $1 and request = $2"
DONE = """
update privacy_request set done_at = clock_timestamp(), sealed = null, report = $2::text::json
 where id = $1 and done_at is null returning 1
"""
UNITS = """
select id, count(*) over () as total from unit where tenant = $1 and customer = any($2::text[]) order by id limit $3
"""
LISTED = 1_000
MEDIA = """
delete from media m using unit u
 where u.id = m.warranty and u.tenant = $1 and u.customer = any($2::text[]) returning m.id
"""


class Still(msgspec.Struct, frozen=True):
    """A topic in which something may still be read, and until when."""

    topic: str
    until: datetime


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a wish to be forgotten."""

    contacts: int
    """Deleted, with their hashes."""
    customers: tuple[str, ...]
    """Their references, which stay beside what was decided and lead to nobody any more."""
    alike: tuple[str, ...]
    """Other contacts with the same e-mail or phone; whose those are, a person has to say."""
    items_without_contact: int
    """Events that wait, and go on without the person."""
    items_ended: int
    """Events and records that wait, could not be kept without the person, and were ended."""
    fetched: int
    """What was fetched for records, deleted."""
    notes: int
    """Notes and reasons of staff in which the person's name, e-mail or phone was blotted out."""
    accounts: int
    """Of customers and suppliers, deleted with their sessions."""
    staff_accounts: tuple[str, ...]
    """Of people who work for the merchant, which stay: `hub people deactivate` ends their access."""
    mails: int
    """That were not sent yet, deleted."""
    media: int = 0
    """Pictures and papers about their warranties, deleted."""
    words: int = 0
    """Descriptions, answers, questions and notes in their claims that came without an address, deleted; what
    came with one is among the contacts."""
    warranties: tuple[str, ...]
    """Those that stay, by id: what was decided, when and why; at most 1,000."""
    warranties_total: int
    still_on_topics: tuple[Still, ...]
    """Payloads as they were received, until Kafka forgets them."""


@dataclass(frozen=True, slots=True)
class Eraser:
    """Carries out what was asked for. Two at once do the same thing twice, which harms nobody."""

    database: Database
    today: Today
    topics: Sequence[Topic]
    """Those that have payloads as they were received."""

    async def work(self, request: str | None = None) -> int:
        """Carry out this request, or all that wait; gives how many."""
        rows = await self.database.fetch(OPEN, request)
        for row in rows:
            await self._one(row)
        return len(rows)

    async def _one(self, row: Any) -> None:
        tenant, request = row["tenant"], row["id"]
        body = await self.today.keyring.opened(tenant, row["sealed"])
        who = unpacked(body)
        person = who if isinstance(who, Person) else await self._forget(tenant, request, who)
        at = await self.database.fetchval(MARKED, tenant, request) or row["asked_at"]
        kept = Kept(self.database, self.today, tenant, person, at)
        items = await kept.items()
        fetched, notes = await kept.fetched(), await kept.notes() + await kept.reasons()
        accounts = await forget_accounts(self.database, self.today.keyring, tenant, person)
        whose = list(person.customers or person.refs)
        media = await self.database.fetch(MEDIA, tenant, whose)
        units = await self.database.fetch(UNITS, tenant, whose, LISTED)
        report = Report(
            contacts=len(person.refs),
            words=len(person.words),
            customers=person.customers,
            alike=person.alike,
            items_without_contact=items.kept,
            items_ended=items.ended,
            fetched=fetched,
            notes=notes,
            accounts=accounts.deleted,
            staff_accounts=accounts.staff,
            mails=accounts.mails,
            media=len(media),
            warranties=tuple(unit["id"] for unit in units),
            warranties_total=units[0]["total"] if units else 0,
            still_on_topics=tuple(still(topic, at) for topic in self.topics),
        )
        by = By(kind=row["by_kind"], id=row["by_id"], role=row["by_role"])
        await self._done(tenant, request, by, report)

    async def _forget(self, tenant: str, request: str, who: Known) -> Person:
        """Delete the contacts, and keep beside the request who that was for what is still to do."""
        async with self.database.transaction() as moment:
            await moment.execute(LOCK)
            person = await find(moment, self.today.keyring, tenant, who)
            await moment.execute(REMEMBER, request, self.today.keyring.seal(tenant, packed(person)))
            await mark(moment, tenant, person, request)
        return person

    async def _done(self, tenant: str, request: str, by: By, report: Report) -> None:
        document = msgspec.json.encode(report)
        async with self.database.transaction() as moment:
            if not await moment.fetch(DONE, request, document.decode()):
                return
            figures = {
                "contacts": report.contacts,
                "words": report.words,
                "items": report.items_without_contact + report.items_ended,
                "fetched": report.fetched,
                "notes": report.notes,
                "accounts": report.accounts,
                "media": report.media,
                "asked_by": by.id,
            }
            system = By(kind="system", id=HUB)
            entry = Entry(
                tenant=tenant, action="person:erased", subject=request, by=system, doc=figures
            )
            await record(moment, entry)


async def mark(queries: Queries, tenant: str, person: Person, request: str) -> None:
    """Delete a person's contacts and the names that lead to them, and have nothing older written again."""
    await queries.execute(MARK, tenant, list(person.hashes), request)
    await queries.execute(DELETE, tenant, [*person.refs, *person.words])
    customers = list(person.customers)
    called = [trait(customer, CALLED) for customer in customers]
    await queries.execute(UNNAME, tenant, list(person.hashes), customers, called)


def still(topic: Topic, at: datetime) -> Still:
    """Until when a topic has what came before that moment."""
    return Still(topic.name, at + timedelta(milliseconds=topic.retention_ms))
