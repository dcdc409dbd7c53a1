"""Keys of a tenant: one seals what must be kept, one hashes contact values so they can be matched.

A tenant that was never rotated has both derived from the installation's master key. From its first
rotation on it has random ones, kept wrapped by the master key, of which each new version seals and
every older one still opens. So a key can be thrown away, and what it sealed with it.
"""

import hmac
import os
import struct
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.domain.contacts import comparable_email, comparable_name, comparable_phone
from hub.domain.errors import HubError
from hub.sdk.events import CustomerRef
from schemas.events.parts import Contact, Statement
from schemas.refs import customer_id, derived_id, home

HUB = "hub"
"""Whose key seals what no tenant can be read from; no tenant may be called so."""
DERIVED, VERSIONED = b"\x01", b"\x02"
"""How a sealed body begins: under the derived key, or under the version named by the next four bytes."""
HEADER, NONCE = 5, 12
KEY_BYTES = 32
MIN_MASTER_KEY = 32
MATCH = 0
"""The version under which the key that hashes is kept. It never changes, or nobody would be found."""


class SealError(HubError):
    """A sealed body cannot be opened: another master key, a key thrown away, or altered bytes."""


class KeysGoneError(SealError):
    """Every key of the tenant was thrown away: nobody can open it any more, with whatever master key."""


class UnknownKeyError(SealError):
    """It names a version of the tenant's key that this process has not heard of yet."""


class StoredKey(NamedTuple):
    """A key as the table has it."""

    tenant: str
    version: int
    wrapped: bytes | None
    """None where it was thrown away."""
    seals: bool
    """Whether everybody has had the time to hear of it, so that it may seal."""


@dataclass(frozen=True, slots=True)
class SealedContact:
    """A contact as the contact table keeps it."""

    tenant: str
    customer: CustomerRef
    digest: bytes
    """Keyed hash of the whole contact, to see whether anything changed."""
    sealed: bytes

    @property
    def kept(self) -> str:
        """Under which reference it is kept: the same only for exactly the same contact."""
        return self.customer.contact or self.customer.ref


@dataclass(slots=True)
class _Versions:
    """The random keys of one tenant."""

    ciphers: dict[int, AESGCM] = field(default_factory=dict)
    newest: int = 0
    """The version that seals; 0 where none does yet."""
    match: bytes | None = None
    hashing: hmac.HMAC | None = None

    @property
    def are_gone(self) -> bool:
        """Whether every key there was is thrown away: the tenant was erased."""
        return not self.ciphers and self.match is None


class Keyring:
    """Seals, opens and hashes, tenant by tenant."""

    def __init__(self, master: bytes, old: bytes | None = None) -> None:
        """Take the installation's master key, at least 32 bytes, and the one before while it changes."""
        for key in (master, old):
            if key is not None and len(key) < MIN_MASTER_KEY:
                message = f"the master key has {len(key)} bytes; HUB_MASTER_KEY needs at least {MIN_MASTER_KEY}"
                raise ValueError(message)
        masters = (master,) if old is None else (master, old)
        self._derive = lru_cache(maxsize=4096)(
            lambda purpose, tenant: [_derive(one, purpose, tenant) for one in masters]
        )
        self._ciphers = lru_cache(maxsize=4096)(
            lambda tenant: [AESGCM(key) for key in self._derive("data", tenant)]
        )
        # While the master key changes, the one before has hashed what is there.
        self._hashing = lru_cache(maxsize=4096)(
            lambda tenant: _hashing(self._derive("match", tenant)[-1])
        )
        self._known: Mapping[str, _Versions] = {}
        self.refresh: Callable[[], Awaitable[None]] | None = None
        """Hears of keys made meanwhile, where this process follows them."""

    # Versions

    def learn(self, keys: Iterable[StoredKey]) -> None:
        """Know these versions from now on, and no others. Whoever seals just now is not disturbed.

        Raises:
            SealError: a key was wrapped with another master key. Nothing is changed.

        """
        known: dict[str, _Versions] = {}
        for one in keys:
            versions = known.setdefault(one.tenant, _Versions())
            if one.wrapped is None:
                continue
            key = self.unwrap(one.tenant, one.version, one.wrapped)
            if one.version == MATCH:
                versions.match, versions.hashing = key, _hashing(key)
                continue
            versions.ciphers[one.version] = AESGCM(key)
            if one.seals:
                versions.newest = max(versions.newest, one.version)
        self._known = known

    def new_key(self, tenant: str, version: int) -> bytes:
        """A random key, wrapped; of version `MATCH` the one that has hashed so far."""
        key = self._match(tenant) if version == MATCH else os.urandom(KEY_BYTES)
        return self._wrap(tenant, version, key)

    def rewrapped(self, tenant: str, version: int, wrapped: bytes) -> bytes:
        """The same key under the master key of today."""
        return self._wrap(tenant, version, self.unwrap(tenant, version, wrapped))

    def _wrap(self, tenant: str, version: int, key: bytes) -> bytes:
        nonce, whose = os.urandom(NONCE), f"{tenant}/{version}".encode()
        return nonce + AESGCM(self._derive("wrap", "")[0]).encrypt(nonce, key, whose)

    def unwrap(self, tenant: str, version: int, wrapped: bytes) -> bytes:
        """A key as it is.

        Raises:
            SealError: another master key wrapped it.

        """
        whose = f"{tenant}/{version}".encode()
        for master in self._derive("wrap", ""):
            try:
                return AESGCM(master).decrypt(wrapped[:NONCE], wrapped[NONCE:], whose)
            except (InvalidTag, ValueError):
                continue
        message = (
            f"key {version} of tenant {tenant!r} was wrapped with another master key; "
            "set HUB_MASTER_KEY to that, or HUB_MASTER_KEY_OLD while it changes"
        )
        raise SealError(message)

    # Sealing

    def header(self, tenant: str) -> bytes:
        """What everything begins with that is sealed for the tenant now."""
        versions = self._known.get(tenant)
        if versions is None or not (versions.newest or versions.are_gone):
            return DERIVED
        return VERSIONED + struct.pack(">I", versions.newest)

    def seal(self, tenant: str, body: bytes) -> bytes:
        """Encrypt with the tenant's key, the newest that everybody has heard of.

        For a tenant that was erased the key is one that nobody keeps.
        """
        nonce, versions = os.urandom(NONCE), self._known.get(tenant)
        if versions is not None and versions.are_gone:
            cipher = AESGCM(os.urandom(KEY_BYTES))
            return self.header(tenant) + nonce + cipher.encrypt(nonce, body, None)
        if versions is None or not versions.newest:
            return DERIVED + nonce + self._ciphers(tenant)[0].encrypt(nonce, body, tenant.encode())
        header = VERSIONED + struct.pack(">I", versions.newest)
        whose = header + tenant.encode()
        return header + nonce + versions.ciphers[versions.newest].encrypt(nonce, body, whose)

    def open(self, tenant: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` made for the same tenant.

        Raises:
            UnknownKeyError: it may have been sealed with a key made a moment ago.
            KeysGoneError: the tenant was erased.
            SealError: it was sealed with another key, or altered.

        """
        versions = self._known.get(tenant)
        if versions is not None and versions.are_gone:
            message = (
                f"the keys of tenant {tenant!r} were thrown away; nobody can open what they sealed"
            )
            raise KeysGoneError(message)
        if sealed[:1] == VERSIONED and len(sealed) > HEADER:
            header, (version,) = sealed[:HEADER], struct.unpack(">I", sealed[1:HEADER])
            cipher = versions.ciphers.get(version) if versions else None
            if cipher is None:
                message = f"a body was sealed with key {version} of tenant {tenant!r}, which is unknown or gone"
                raise UnknownKeyError(message)
            return _decrypted([cipher], tenant, sealed[HEADER:], header + tenant.encode())
        return _decrypted(self._ciphers(tenant), tenant, sealed[1:], tenant.encode())

    async def opened(self, tenant: str, sealed: bytes) -> bytes:
        """As `open`, but a key that is unknown is looked for once more first.

        Raises:
            SealError: it was sealed with another key, or altered.

        """
        try:
            return self.open(tenant, sealed)
        except UnknownKeyError:
            if self.refresh is None:
                raise
            await self.refresh()
            return self.open(tenant, sealed)

    # Hashing

    def _match(self, tenant: str) -> bytes:
        versions = self._known.get(tenant)
        if versions is not None and versions.match is not None:
            return versions.match
        # While the master key changes, the one before has hashed what is there.
        return self._derive("match", tenant)[-1]

    def _keyed(self, tenant: str, body: bytes) -> bytes:
        """The first half of the keyed hash of a body."""
        versions = self._known.get(tenant)
        begun = versions.hashing if versions is not None else None
        hashing = (begun or self._hashing(tenant)).copy()
        hashing.update(body)
        return hashing.digest()[:16]

    def hashed(self, tenant: str, kind: str, value: str) -> str:
        """The keyed hash under which a contact value is matched; it survives a change of data key."""
        return self._keyed(tenant, f"{kind}:{value}".encode()).hex()

    def vouched(self, tenant: str, *said: bytes) -> bytes:
        """What only a process with the master key can put beside what somebody did at its door."""
        return _vouched(self._derive("vouch", tenant)[0], said)

    def vouches(self, given: bytes, tenant: str, *said: bytes) -> bool:
        """Whether a door put that beside it, under the master key of today or the one before."""
        keys = self._derive("vouch", tenant)
        return any(hmac.compare_digest(given, _vouched(key, said)) for key in keys)

    def seal_contact(self, tenant: str, contact: Contact, event_id: str) -> SealedContact:
        """Take a contact out of an event: what stays is a reference and hashes.

        `event_id`, or what the event speaks of, names a contact that has neither e-mail nor phone.
        """
        made_up = contact.generated or ()
        # A number that was made up is nobody's, an address only where there is nothing better.
        email = "" if made_up == ("email",) else comparable_email(contact.email)
        phone = "" if "phone" in made_up else comparable_phone(contact.phone)
        email_hash = self.hashed(tenant, "email", email) if email else None
        phone_hash = self.hashed(tenant, "phone", phone) if phone else None
        known_by = email_hash or phone_hash or _anonymous(tenant, event_id)
        body = contact.__pydantic_serializer__.to_json(contact, exclude_none=True)
        digest = self._keyed(tenant, body)
        name = comparable_name(contact.name)
        return SealedContact(
            tenant=tenant,
            customer=CustomerRef(
                customer_id(tenant, known_by),
                email_hash,
                phone_hash,
                bool((contact.name or "").strip()),
                self.hashed(tenant, "name", name) if name else None,
                f"con_{home(tenant, 'contact', known_by, digest.hex())}",
                spoke=isinstance(contact, Statement),
            ),
            digest=digest,
            sealed=self.seal(tenant, body),
        )


def nobody(tenant: str, name: str) -> str:
    """Who a contact is of that has neither e-mail nor phone, by the name it was sealed under."""
    return customer_id(tenant, _anonymous(tenant, name))


def _anonymous(tenant: str, name: str) -> str:
    return derived_id("anonymous", tenant, name)


def _decrypted(ciphers: Iterable[AESGCM], tenant: str, body: bytes, whose: bytes) -> bytes:
    """The body under whichever of these keys fits."""
    for cipher in ciphers:
        try:
            return cipher.decrypt(body[:NONCE], body[NONCE:], whose)
        except (InvalidTag, ValueError):
            continue
    message = (
        f"a sealed body of tenant {tenant!r} cannot be opened; "
        "is HUB_MASTER_KEY the one it was sealed with?"
    )
    raise SealError(message)


def _hashing(key: bytes) -> hmac.HMAC:
    """What hashes under that key, for copies to go on from: to begin costs more than a contact's value."""
    return hmac.new(key, digestmod="sha256")


def _vouched(key: bytes, said: Sequence[bytes]) -> bytes:
    parts = b"".join(len(part).to_bytes(4, "big") + part for part in said)
    return hmac.digest(key, parts, "sha256").hex().encode()


def _derive(master: bytes, purpose: str, tenant: str) -> bytes:
    salt = sha256(b"warranty-hub").digest()
    return HKDF(SHA256(), length=32, salt=salt, info=f"{purpose}/{tenant}".encode()).derive(master)
