"""Keys of a tenant: one seals what must be kept, one hashes contact values so they can be matched.

Both are derived from the installation's master key, so nothing secret stands in the database.
"""

import hmac
import os
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.domain.contacts import comparable_email, comparable_phone
from hub.domain.errors import HubError
from hub.sdk.events import CustomerRef
from schemas.events.parts import Contact
from schemas.refs import derived_id, home

HUB = "hub"
"""Whose key seals what no tenant can be read from; no tenant may be called so."""
VERSION = b"\x01"
NONCE = 12
MIN_MASTER_KEY = 32


class SealError(HubError):
    """A sealed body cannot be opened: another master key, or altered bytes."""


@dataclass(frozen=True, slots=True)
class SealedContact:
    """A contact as the contact table keeps it."""

    tenant: str
    customer: CustomerRef
    digest: bytes
    """Keyed hash of the whole contact, to see whether anything changed."""
    sealed: bytes


class Keyring:
    """Seals, opens and hashes, tenant by tenant."""

    def __init__(self, master: bytes) -> None:
        """Take the installation's master key, at least 32 bytes."""
        if len(master) < MIN_MASTER_KEY:
            message = f"the master key has {len(master)} bytes; HUB_MASTER_KEY needs at least {MIN_MASTER_KEY}"
            raise ValueError(message)
        self._derive = lru_cache(maxsize=4096)(
            lambda purpose, tenant: _derive(master, purpose, tenant)
        )
        self._cipher = lru_cache(maxsize=4096)(lambda tenant: AESGCM(self._derive("data", tenant)))

    def seal(self, tenant: str, body: bytes) -> bytes:
        """Encrypt with the tenant's key."""
        nonce = os.urandom(NONCE)
        return VERSION + nonce + self._cipher(tenant).encrypt(nonce, body, tenant.encode())

    def open(self, tenant: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` made for the same tenant.

        Raises:
            SealError: it was sealed with another key, or altered.

        """
        try:
            return self._cipher(tenant).decrypt(
                sealed[1 : 1 + NONCE], sealed[1 + NONCE :], tenant.encode()
            )
        except (InvalidTag, ValueError) as error:
            message = (
                f"a sealed body of tenant {tenant!r} cannot be opened; "
                "is HUB_MASTER_KEY the one it was sealed with?"
            )
            raise SealError(message) from error

    def hashed(self, tenant: str, kind: str, value: str) -> str:
        """The keyed hash under which a contact value is matched; it survives a change of data key."""
        return hmac.digest(self._derive("match", tenant), f"{kind}:{value}".encode(), "sha256")[
            :16
        ].hex()

    def seal_contact(self, tenant: str, contact: Contact, event_id: str) -> SealedContact:
        """Take a contact out of an event: what stays is a reference and hashes.

        `event_id` names a contact that has neither e-mail nor phone.
        """
        email = comparable_email(contact.email)
        phone = comparable_phone(contact.phone)
        email_hash = self.hashed(tenant, "email", email) if email else None
        phone_hash = self.hashed(tenant, "phone", phone) if phone else None
        known_by = email_hash or phone_hash or derived_id("anonymous", tenant, event_id)
        body = contact.model_dump_json(exclude_none=True).encode()
        return SealedContact(
            tenant=tenant,
            customer=CustomerRef(
                f"cus_{home(tenant, 'customer', known_by)}", email_hash, phone_hash
            ),
            digest=hmac.digest(self._derive("match", tenant), body, "sha256")[:16],
            sealed=self.seal(tenant, body),
        )


def _derive(master: bytes, purpose: str, tenant: str) -> bytes:
    salt = sha256(b"warranty-hub").digest()
    return HKDF(SHA256(), length=32, salt=salt, info=f"{purpose}/{tenant}".encode()).derive(master)
