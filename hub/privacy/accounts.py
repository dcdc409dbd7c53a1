"""Accounts of whoever is forgotten: a customer's goes with all that hangs on it, one of staff is told of."""

from contextlib import suppress
from typing import NamedTuple

import msgspec

from hub.access.keyring import Keyring, SealError
from hub.access.people import email_hash
from hub.access.permissions import STAFF
from hub.access.post import Letter
from hub.adapters.postgres import Database
from hub.domain.contacts import comparable_email
from hub.privacy.people import Known, Person, hash_of

PAGE = 200

FOUND = """
select id, role, state, created_at from person where tenant = $1 and email_hash = any($2::text[]) order by id
"""
# Refresh tokens go with their sessions.
DELETE = (
    "delete from person_session where person = any($1::text[])",
    "delete from single_use where person = any($1::text[])",
    "delete from person where id = any($1::text[])",
)
MAILS = "select n, sealed from mail where tenant = $1 and n > $2 order by n limit $3"
UNSENT = "delete from mail where n = any($1::bigint[])"


class Accounts(NamedTuple):
    """What became of a person's accounts."""

    deleted: int
    staff: tuple[str, ...]
    """Those of people who work here, which stay: whoever did something has to remain somebody."""
    mails: int


def emails_of(keyring: Keyring, tenant: str, person: Person) -> list[str]:
    """The addresses that are this person's alone, as they compare."""
    said = {comparable_email(one.email) for one in person.contacts if one.email}
    return sorted(e for e in said if hash_of(keyring, tenant, Known("email", e)) in person.hashes)


async def forget_accounts(
    database: Database, keyring: Keyring, tenant: str, person: Person
) -> Accounts:
    """Delete customers' accounts, and mails that were not sent yet; whatever is repeated finds less."""
    emails = emails_of(keyring, tenant, person)
    mails = await _unsent(database, keyring, tenant, set(emails)) if emails else 0
    async with database.transaction() as moment:
        found = await moment.fetch(FOUND, tenant, [email_hash(keyring, tenant, e) for e in emails])
        staff = tuple(one["id"] for one in found if one["role"] in STAFF)
        gone = [one["id"] for one in found if one["role"] not in STAFF]
        for sql in DELETE if gone else ():
            await moment.execute(sql, gone)
    return Accounts(len(gone), staff, mails)


async def _unsent(database: Database, keyring: Keyring, tenant: str, emails: set[str]) -> int:
    gone = last = 0
    while rows := await database.fetch(MAILS, tenant, last, PAGE):
        last, theirs = rows[-1]["n"], []
        for row in rows:
            # Whoever sends mails gives up what no key opens.
            with suppress(SealError):
                letter = msgspec.json.decode(
                    await keyring.opened(tenant, row["sealed"]), type=Letter
                )
                theirs += [row["n"]] if comparable_email(letter.to) in emails else []
        if theirs:
            await database.execute(UNSENT, theirs)
            gone += len(theirs)
    return gone
