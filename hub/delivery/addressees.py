"""Whom a mail is for, and what is known of the thing it is about: read, and opened, at the moment of sending."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hub.access.keyring import Keyring
from hub.adapters.postgres import Queries
from hub.domain.customers import INTO, trait
from hub.domain.mailboxes import NoMailboxError, mailbox
from hub.domain.placeholders import is_placeholder
from schemas.events.parts import Contact, Statement

MOST_MERGES = 5
LONGEST_NAME = 100
LEADS_AWAY = re.compile(r"://|www\.|@|[a-z0-9-]\.[a-z]{2,}(/|$|\s)", re.IGNORECASE)
UNIT = "select customer, product, serial from unit where tenant = $1 and id = $2"
NAMES = """
select kind, value from name where tenant = $1 and id = $2 and kind in ('email', 'phone') and not released
"""
CONTACTS = """
select sealed from contact where tenant = $1 and email_hash = any($2::text[]) order by seen_at desc limit 20
"""
MERGED = (
    "select id from name where kind = 'customer' and tenant = $1 and value = $2 and not released"
)
BY_CODE = "select name from product where tenant = $1 and code = $2 limit 1"
BY_NAME = "select name from product where tenant = $1 and name_key = $2 limit 1"
CLAIM = "select doc from claim where tenant = $1 and id = $2"
WORDS = "select sealed from contact where tenant = $1 and ref = $2"


class SilenceError(Exception):
    """Nobody is to be written to; `code` says why in one word."""

    def __init__(self, code: str, message: str) -> None:
        """Say it without anything that tells who it is."""
        super().__init__(message)
        self.code = code


class Claim(msgspec.Struct, frozen=True, gc=False):
    """What of a claim's document is read here: each thing that was said, with the contact that keeps it."""

    said: tuple[tuple[str, str, Any, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person, for as long as it takes to write to them."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Directory:
    """Looks up, for one tenant, what an event only refers to."""

    queries: Queries
    keyring: Keyring
    tenant: str

    async def about(self, event: Mapping[str, Any]) -> tuple[Addressee, dict[str, str]]:
        """Whom the event is for, and what its mail can be about.

        Raises:
            SilenceError: nobody is to hear of it, or there is nobody.
            SealError: the contact cannot be opened.

        """
        data = event["data"]
        if data.get("notify_customer") is False:
            message = "whoever decided it wants the customer to hear nothing of it"
            raise SilenceError("not_to_be_told", message)
        rows = await self.queries.fetch(UNIT, self.tenant, data.get("warranty", ""))
        unit: Mapping[str, Any] = rows[0] if rows else {}
        customer = data.get("customer") or (unit["customer"] if unit else None)
        if customer is None:
            raise SilenceError("no_customer", "no source has told whose this is")
        whom = await self._addressee(customer)
        known = {
            "name": whom.name,
            "product": await self._product(data.get("product"), unit),
            "serial": data.get("serial") or (unit["serial"] if unit else None),
            "question": await self._question(event),
            **{name: data.get(name) for name in ("warranty", "claim", "reference")},
        }
        return whom, {name: value for name, value in known.items() if value}

    async def _addressee(self, customer: str) -> Addressee:
        is_known = False
        async for kind, values in self._known_by(customer):
            is_known = is_known or bool(kind)
            for row in await self.queries.fetch(CONTACTS, self.tenant, values):
                body = await self.keyring.opened(self.tenant, row["sealed"])
                found = _addressee(Contact.model_validate_json(body))
                if found is not None:
                    return found
        if not is_known:
            message = "nothing is known of this customer any more: they were forgotten, or their time is over"
            raise SilenceError("no_contact", message)
        raise SilenceError("no_address", "nobody has given an e-mail address of this customer")

    async def _known_by(self, customer: str) -> AsyncIterator[tuple[frozenset[str], list[str]]]:
        """Kinds of names and hashes of addresses of a customer, and of whoever he turned out to be."""
        for _ in range(MOST_MERGES):
            rows = await self.queries.fetch(NAMES, self.tenant, customer)
            kinds = frozenset(row["kind"] for row in rows)
            yield kinds, [row["value"] for row in rows if row["kind"] == "email"]
            into = await self.queries.fetch(MERGED, self.tenant, trait(customer, INTO))
            if not into:
                return
            customer = into[0]["id"]

    async def _product(self, told: Any, unit: Mapping[str, Any]) -> str | None:
        """What the product is called: by whoever told it, else in the catalogue."""
        if isinstance(told, Mapping) and told.get("name"):
            return str(told["name"])
        key = told if isinstance(told, str) else unit["product"] if unit else ""
        for sql in (BY_CODE, BY_NAME) if key else ():
            rows = await self.queries.fetch(sql, self.tenant, key)
            if rows and rows[0]["name"]:
                return str(rows[0]["name"])
        return key or None

    async def _question(self, event: Mapping[str, Any]) -> str | None:
        """What was asked of the customer by the event that this one follows from."""
        if event["type"] != "claim.awaiting_info.v1":
            return None
        rows = await self.queries.fetch(CLAIM, self.tenant, event["data"]["claim"])
        claim = msgspec.json.decode(rows[0]["doc"], type=Claim) if rows else Claim()
        for kind, words, _, _, cause in claim.said:
            if kind == "question" and cause == event.get("causationid"):
                return await self._words(words)
        return None

    async def _words(self, ref: str) -> str | None:
        rows = await self.queries.fetch(WORDS, self.tenant, ref)
        if not rows:
            return None
        body = await self.keyring.opened(self.tenant, rows[0]["sealed"])
        return Statement.model_validate_json(body).words


def _addressee(contact: Contact) -> Addressee | None:
    """Where mails reach whoever gave this; None where nothing does."""
    given = contact.email
    if given is None or "email" in (contact.generated or ()) or is_placeholder(given):
        return None
    try:
        return Addressee(mailbox(given), _greeted(contact.name or ""))
    except NoMailboxError:
        return None


def _greeted(name: str) -> str:
    """A name as a mail may say it; none where it is a message of somebody else's, sent in the merchant's name."""
    found = " ".join(name.split())
    return "" if len(found) > LONGEST_NAME or LEADS_AWAY.search(found) else found
