"""What messages are signed with: a shared secret and a key pair, both as Standard Webhooks writes them."""

import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.access.keyring import Keyring

SYMMETRIC, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
BYTES = 32


@dataclass(frozen=True, slots=True)
class Secret:
    """One generation of what an endpoint's messages are signed with."""

    shared: bytes
    private: Ed25519PrivateKey

    @classmethod
    def new(cls) -> Self:
        """A secret nobody has had before."""
        return cls(os.urandom(BYTES), Ed25519PrivateKey.generate())

    @classmethod
    async def opened(cls, keyring: Keyring, tenant: str, shared: bytes, private: bytes) -> Self:
        """The secret of a row.

        Raises:
            SealError: it was sealed with another key, or altered.

        """
        key = Ed25519PrivateKey.from_private_bytes(await keyring.opened(tenant, private))
        return cls(await keyring.opened(tenant, shared), key)

    @classmethod
    def read(cls, text: str) -> Self:
        """A shared secret as its holder was shown it, with a key pair of its own.

        Raises:
            ValueError: it is no such secret.

        """
        if not text.startswith(SYMMETRIC):
            raise ValueError(f"a secret begins with {SYMMETRIC}")
        return cls(
            b64decode(text.removeprefix(SYMMETRIC), validate=True), Ed25519PrivateKey.generate()
        )

    def sealed(self, keyring: Keyring, tenant: str) -> tuple[bytes, bytes]:
        """Both halves as a row keeps them."""
        private = self.private.private_bytes_raw()
        return keyring.seal(tenant, self.shared), keyring.seal(tenant, private)

    @property
    def shown(self) -> str:
        """The shared secret as its holder needs it; shown once."""
        return SYMMETRIC + b64encode(self.shared).decode()

    @property
    def public(self) -> str:
        """The public key; anybody may have it."""
        return PUBLIC + b64encode(self.private.public_key().public_bytes_raw()).decode()
