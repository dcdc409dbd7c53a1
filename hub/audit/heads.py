r"""Signed heads: where a tenant's chain stood, so that nobody rewrites or cuts off what comes before.

What is signed is `packed("hub.audit.head/1\n", tenant, seq, hash, at, previous, key)`: hashes in hex,
`at` in microseconds since 1970, `previous` the SHA-256 of what was signed before of this tenant.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, Self

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.audit.canonical import micros, packed

FORM = b"hub.audit.head/1\n"
KEY_BYTES = 32


class Head(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One head, as it stands on the audit topic."""

    kind: Literal["audit.head"] = "audit.head"
    tenant: str
    seq: int
    """The last row it speaks of."""
    hash: str
    """Of that row, in hex."""
    at: datetime
    previous: str
    key: str
    """The id of the key that signed it."""
    signature: str = ""

    @property
    def signed(self) -> bytes:
        """What is signed."""
        said = (str(self.seq), self.hash, micros(self.at), self.previous, self.key)
        return packed(FORM, self.tenant, *said)

    @property
    def digest(self) -> bytes:
        """What the next head calls this one."""
        return sha256(self.signed).digest()


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Head).decode


def stored(row: Any) -> Head:
    """A head as its table keeps it."""
    return Head(
        tenant=row["tenant"],
        seq=row["seq"],
        hash=row["hash"].hex(),
        at=row["at"],
        previous=row["previous"].hex(),
        key=row["key"],
        signature=row["signature"].hex(),
    )


def is_head(value: bytes) -> bool:
    """Whether a record of the audit topic is a head, and not a refusal."""
    try:
        decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


class Signer:
    """The installation's own key for heads, derived from its master key: no secret stands in the database."""

    def __init__(self, master: bytes) -> None:
        """Derive it."""
        salt = sha256(b"warranty-hub").digest()
        seed = HKDF(SHA256(), length=KEY_BYTES, salt=salt, info=b"audit/heads").derive(master)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()
        self.key = key_id(self.public)

    def sign(self, head: Head) -> Head:
        """The head, signed."""
        whole = msgspec.structs.replace(head, key=self.key)
        signature = self._private.sign(whole.signed).hex()
        return msgspec.structs.replace(whole, signature=signature)


class Trusted:
    """Public keys whose heads count: today's, and those of before that are named in the settings."""

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        """Take raw public keys of 32 bytes."""
        self._keys: Mapping[str, Ed25519PublicKey] = {
            key_id(one): Ed25519PublicKey.from_public_bytes(one) for one in keys
        }

    @classmethod
    def of(cls, signer: Signer, earlier: Iterable[bytes] = ()) -> Self:
        """Those of an installation."""
        return cls((signer.public, *earlier))

    def knows(self, head: Head) -> bool:
        """Whether the head names a key of ours."""
        return head.key in self._keys

    def vouches(self, head: Head) -> bool:
        """Whether the head was signed by a key of ours and is as it was then."""
        key = self._keys.get(head.key)
        try:
            if key is not None:
                key.verify(bytes.fromhex(head.signature), head.signed)
                return True
        except (InvalidSignature, ValueError):
            return False
        return False


def key_id(public: bytes) -> str:
    """By what a key is called: it can be told from the key alone."""
    return sha256(public).hexdigest()[:16]
