"""One person: by what they are known, and where else something sounds like them."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import msgspec
import orjson

from hub.access.keyring import Keyring, nobody
from hub.adapters.postgres import Queries
from hub.domain.contacts import comparable_email, comparable_phone
from hub.domain.errors import HubError
from schemas.events.parts import Contact

Kind = Literal["email", "phone", "customer"]
CUSTOMER = re.compile(r"^cus_[a-z2-7]{16}$")
ERASED = "(erased)"
LEAST_DIGITS, SAME_DIGITS = 6, 9
LEAST_NAME = 4
MAX_VALUE = 320

HELD = """
select value, id from name
 where tenant = $1 and kind in ('email', 'phone') and (id = $2 or value = $2) order by kind, value
"""
CONTACTS = """
select ref, coalesce(customer, ref) as customer, email_hash, phone_hash, sealed, seen_at from contact
 where tenant = $1 and (ref = any($2::text[]) or customer = any($2::text[])
        or email_hash = any($2::text[]) or phone_hash = any($2::text[]))
 order by ref
"""
ALIKE = """
select ref, coalesce(customer, ref) as customer, email_hash, phone_hash from contact
 where tenant = $1 and ref <> all($2::text[])
   and (email_hash = any($3::text[]) or phone_hash = any($3::text[])) order by ref
"""


CLAIMS = """
select id, source, reference, doc ->> 'event' as event from claim
 where tenant = $1 and customer = any($2::text[])
 union
select c.id, c.source, c.reference, c.doc ->> 'event' from unit u
  join claim c on c.tenant = u.tenant and c.warranty = u.id and c.customer is null
 where u.tenant = $1 and u.customer = any($2::text[])
 order by 1
"""
"""Of somebody, or of a unit of theirs where nobody is named."""
SPOKEN = """
select ref, customer, sealed from contact
 where tenant = $1 and customer = any($2::text[]) and email_hash is null and phone_hash is null order by ref
"""
"""Words that came without an address, by whom they would be of if nobody were known."""


class NobodyError(HubError):
    """That is nothing a person is known by."""


class Known(msgspec.Struct, frozen=True):
    """By what somebody is asked for."""

    by: Kind
    value: str


def known(by: Kind, value: str) -> Known:
    """What somebody typed, if a person can be known by it.

    Raises:
        NobodyError: it is none of it. The message does not quote it.

    """
    value = value.strip()
    digits = sum(c.isdigit() for c in value)
    fits = {
        "email": "@" in value.strip("@"),
        "phone": digits >= LEAST_DIGITS,
        "customer": bool(CUSTOMER.match(value)),
    }
    if not fits[by] or len(value) > MAX_VALUE:
        shape = {
            "email": "an address with @",
            "phone": "a phone number as it was reported, with its prefix",
            "customer": "a reference such as cus_q5xi4o4sijxnpjh7",
        }
        raise NobodyError(f"that is no {by}; give {shape[by]}")
    return Known(by, value)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a request is about: found once and kept sealed with it, for their contact goes first."""

    refs: tuple[str, ...] = ()
    """Where their contacts are kept."""
    words: tuple[str, ...] = ()
    """Where else something is kept that was written in their claims."""
    customers: tuple[str, ...] = ()
    """Who they are beside what was decided."""
    hashes: tuple[str, ...] = ()
    """References and keyed hashes that are theirs alone."""
    alike: tuple[str, ...] = ()
    """Other contacts with the same e-mail or phone."""
    contacts: tuple[Contact, ...] = ()
    seen_at: tuple[str, ...] = ()

    @property
    def likeness(self) -> "Likeness":
        """What would tell of them in a text."""
        return Likeness(
            frozenset(c.email.strip() for c in self.contacts if c.email),
            frozenset(comparable_phone(c.phone) for c in self.contacts if c.phone),
            frozenset(c.name.strip() for c in self.contacts if c.name),
        )


async def find(queries: Queries, keyring: Keyring, tenant: str, asked: Known) -> Person:
    """Every contact of a tenant that is known by this.

    Raises:
        SealError: a contact cannot be opened.

    """
    own = hash_of(keyring, tenant, asked)
    held = await queries.fetch(HELD, tenant, own)
    known_by = [row["value"] for row in held if row["id"] == own]
    rows = await queries.fetch(CONTACTS, tenant, [own, *known_by])
    refs = [row["ref"] for row in rows]
    customers = {row["id"] for row in held} | {row["customer"] for row in rows}
    hashes = {own, *(h for row in rows for h in (row["email_hash"], row["phone_hash"]) if h)}
    claims = await queries.fetch(CLAIMS, tenant, sorted(customers))
    speakers = sorted({one for claim in claims for one in speakers_of(tenant, claim)})
    spoken = await queries.fetch(SPOKEN, tenant, speakers)
    words = [row["ref"] for row in spoken if row["ref"] not in refs]
    alike = await queries.fetch(ALIKE, tenant, refs, list(hashes))
    shared = {h for row in alike for h in (row["email_hash"], row["phone_hash"]) if h}
    contacts = [Contact.model_validate_json(keyring.open(tenant, row["sealed"])) for row in rows]
    return Person(
        refs=tuple(refs),
        words=tuple(words),
        customers=tuple(sorted(customers)),
        # A number that others have too does not tell of this one.
        hashes=tuple(
            sorted({own, *known_by, *(hashes - shared), *refs, *customers, *words, *speakers})
        ),
        alike=tuple(sorted({row["customer"] for row in alike} - customers)),
        contacts=(*contacts, *_as_asked(asked)),
        seen_at=tuple(row["seen_at"].isoformat() for row in rows),
    )


def speakers_of(tenant: str, claim: Any) -> set[str]:
    """Who words of a claim are of that came without an address, in every way in which they may have come."""
    names = {claim["id"], claim["event"]}
    if claim["reference"] is not None:
        names.add(f"claim/{claim['source']}/{claim['reference']}")
    return {nobody(tenant, name) for name in names}


def hash_of(keyring: Keyring, tenant: str, asked: Known) -> str:
    """What the contact table has in place of the value."""
    match asked.by:
        case "email":
            return keyring.hashed(tenant, "email", comparable_email(asked.value))
        case "phone":
            return keyring.hashed(tenant, "phone", comparable_phone(asked.value))
        case _:
            return asked.value


def _as_asked(asked: Known) -> list[Contact]:
    match asked.by:
        case "email":
            return [Contact.model_construct(email=asked.value)]
        case "phone":
            return [Contact.model_construct(phone=asked.value)]
        case _:
            return []


@dataclass(frozen=True)
class Likeness:
    """What would tell of a person in a text."""

    emails: frozenset[str]
    phones: frozenset[str]
    names: frozenset[str]

    def is_in(self, body: bytes | None) -> bool:
        """Whether a body speaks of them by e-mail or phone; many may have their name."""
        text = _readable(body or b"")
        folded = text.casefold()
        is_written = any(comparable_email(one) in folded for one in self.emails if one)
        return is_written or any(pattern.search(text) for pattern in self._phones)

    def hidden(self, text: str) -> str:
        """A text that a person wrote, without them."""
        for pattern in (*self._emails, *self._phones, *self._names):
            text = pattern.sub(ERASED, text)
        return text

    @cached_property
    def _emails(self) -> list[re.Pattern[str]]:
        return [re.compile(_in_any_case(one), re.IGNORECASE) for one in self.emails if one]

    @cached_property
    def _phones(self) -> list[re.Pattern[str]]:
        return [_phone(one) for one in self.phones if len(one) >= LEAST_DIGITS]

    @cached_property
    def _names(self) -> list[re.Pattern[str]]:
        return [
            re.compile(r"\s+".join(map(_in_any_case, one.split())), re.IGNORECASE)
            for one in self.names
            if len(one) >= LEAST_NAME
        ]


def _in_any_case(text: str) -> str:
    """A pattern of a text; in another case a letter may be two, such as those of `İ` and `ß`."""
    return "".join(map(_letter, text))


def _letter(one: str) -> str:
    forms = {one, one.lower(), one.upper(), one.casefold()}
    if max(map(len, forms)) == 1:
        return re.escape(one)
    return f"(?:{'|'.join(map(re.escape, sorted(forms, key=len, reverse=True)))})"


def _phone(phone: str) -> re.Pattern[str]:
    """The last digits, which all ways of writing a number have in common."""
    digits = phone.lstrip("+")[-SAME_DIGITS:]
    return re.compile(
        r"(?<!\d)(?:[+(\d][+\d ()./-]{0,8})?" + r"[ ()./-]{0,3}".join(digits) + r"(?!\d)"
    )


def _readable(body: bytes) -> str:
    """As somebody would read it, whatever its JSON has escaped."""
    try:
        return orjson.dumps(orjson.loads(body)).decode()
    except orjson.JSONDecodeError:
        pass
    for encoding in ("utf-8", "utf-16"):
        try:
            return body.decode(encoding)
        except UnicodeError:
            continue
    return body.decode("latin-1")


def packed(content: Any) -> bytes:
    """As it is sealed beside a request."""
    return msgspec.json.encode(content, enc_hook=lambda contact: contact.model_dump())


def unpacked(body: bytes) -> Known | Person:
    """What was sealed beside a request: by what somebody is asked for, or who that is."""
    document = orjson.loads(body)
    if "by" in document:
        return Known(document["by"], document["value"])
    contacts = tuple(Contact.model_construct(**one) for one in document.pop("contacts"))
    lists = {name: tuple(value) for name, value in document.items()}
    return Person(contacts=contacts, **lists)
