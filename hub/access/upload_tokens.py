"""Tokens by which somebody without an account sends files about one warranty, for minutes."""

import secrets
import time
from typing import Literal

import msgspec

from hub.access.permissions import Permission, Role
from hub.access.principals import Principal
from hub.access.tokens import ISSUER, Signer, TokenKeys, is_now, payload, sealed_by

AUDIENCE = "warranty-hub/upload"
KIND = "up+jwt"
SECONDS = 900
MAY = frozenset({Permission.SEND_MEDIA, Permission.OFFER_PROOF})


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What such a token says: whoever asked for it answers for what is sent with it."""

    iss: str
    aud: str
    sub: str
    kind: Literal["key", "person"]
    name: str
    tenant: str
    role: Role
    warranty: str
    iat: int
    exp: int
    jti: str


_decode = msgspec.json.Decoder(Claims, strict=True).decode


def signed(signer: Signer, asker: Principal, warranty: str) -> str:
    """A token for files about a warranty of the asker's."""
    now = int(time.time())
    claims = Claims(
        iss=ISSUER,
        aud=AUDIENCE,
        sub=asker.id,
        kind=asker.kind,
        name=asker.name,
        tenant=asker.tenant,
        role=asker.role,
        warranty=warranty,
        iat=now,
        exp=now + SECONDS,
        jti=secrets.token_hex(8),
    )
    return sealed_by(signer, KIND, claims)


async def holder(keys: TokenKeys, token: str, warranty: str) -> Principal | None:
    """Whoever holds a token for this warranty, who may send files about it and nothing else; else None.

    Raises:
        StoreUnavailableError: its key cannot be known now.

    """
    said = await payload(keys, token, KIND)
    try:
        claims = None if said is None else _decode(said)
    except ValueError:
        return None
    if claims is None or (claims.iss, claims.aud, claims.warranty) != (ISSUER, AUDIENCE, warranty):
        return None
    if not is_now(claims.iat, claims.exp, SECONDS):
        return None
    return Principal(
        claims.tenant, claims.name, claims.sub, claims.role, kind=claims.kind, scopes=MAY
    )
