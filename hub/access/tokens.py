"""Access tokens: short-lived JWTs that say who signed in, and the keys that sign them.

Only Ed25519 is ever taken, with a key of ours that the token names, so a token cannot choose how it is
looked at. Whether its session still stands is asked of the store beside it (sessions.py).
"""

import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from hub.access.keyring import HUB, Keyring
from hub.access.permissions import Role
from hub.adapters.postgres import Database, TenantDatabase
from hub.audit.entries import By, Entry, record

ALGORITHM = "Ed25519"
KIND = "at+jwt"
ISSUER, AUDIENCE = "warranty-hub", "warranty-hub/v1"
SECONDS = 600
"""An access token is good for so long."""
LEEWAY_SECONDS = 5
MAX_TOKEN = 2_000
FRESH_SECONDS = 30.0
"""So old may the known keys be; an unknown name is looked for at once."""
AGAIN_SECONDS = 1.0
"""But not more often: whoever makes up names should not keep the store busy."""

ALL = """
select kid, sealed, public, retired_at is null as is_newest,
       extract(epoch from clock_timestamp() - retired_at)::float8 as retired
  from token_key
 where retired_at is null or retired_at > clock_timestamp() - make_interval(secs => $1)
 order by created_at desc
"""
ADD = "insert into token_key (kid, sealed, public) values ($1, $2, $3)"
LOCK = "select pg_advisory_xact_lock(hashtextextended('token_key', 0))"
RETIRE = "update token_key set retired_at = clock_timestamp() where retired_at is null"
LIST = "select kid, created_at, retired_at from token_key order by created_at desc"


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says."""

    iss: str
    aud: str
    sub: str
    """The person."""
    tenant: str
    role: Role
    sid: str
    """The session."""
    iat: int
    exp: int
    jti: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Claims, strict=True).decode


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs."""

    kid: str
    key: OKPKey


class TokenKeys:
    """The keys of this installation, read when they are needed."""

    def __init__(self, database: TenantDatabase, keyring: Keyring) -> None:
        """Keys are sealed in this database under this keyring."""
        self._database = database
        self._keyring = keyring
        self._public: dict[str, OKPKey] = {}
        self._signer: Signer | None = None
        self._read_at = float("-inf")

    async def signer(self) -> Signer:
        """The newest key; made where there is none yet.

        Raises:
            StoreUnavailableError: it cannot be known now.

        """
        if self._signer is None or time.monotonic() - self._read_at > FRESH_SECONDS:
            await self._read()
        if self._signer is None:
            async with self._database.transaction_for("") as queries:
                await queries.execute(LOCK)
                if not await queries.fetch(ALL, 0.0):
                    await queries.execute(ADD, *new_key(self._keyring))
            await self._read()
        if self._signer is None:
            raise AssertionError(self)
        return self._signer

    async def public(self, kid: str) -> OKPKey | None:
        """A key by its name, for whoever verifies; None where there is none, or it is long retired."""
        age = time.monotonic() - self._read_at
        if age > FRESH_SECONDS or (kid not in self._public and age > AGAIN_SECONDS):
            await self._read()
        return self._public.get(kid)

    async def _read(self) -> None:
        at = time.monotonic()
        rows = await self._database.fetch(ALL, float(SECONDS + LEEWAY_SECONDS))
        self._public = {
            row["kid"]: OKPKey.import_key(msgspec.json.decode(row["public"])) for row in rows
        }
        newest = next((row for row in rows if row["is_newest"]), None)
        if newest is None:
            self._signer = None
        elif self._signer is None or self._signer.kid != newest["kid"]:
            opened = self._keyring.open(HUB, newest["sealed"])
            self._signer = Signer(newest["kid"], OKPKey.import_key(msgspec.json.decode(opened)))
        self._read_at = at


def new_key(keyring: Keyring) -> tuple[str, bytes, str]:
    """A key as its row keeps it."""
    kid = secrets.token_hex(8)
    key = OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"}, private=True)
    sealed = keyring.seal(HUB, msgspec.json.encode(key.as_dict(private=True)))
    return kid, sealed, msgspec.json.encode(key.as_dict(private=False)).decode()


async def rotate(database: Database, keyring: Keyring, by: By) -> str:
    """Sign with a new key from now on; what the old one signed is good until it is over."""
    kid, sealed, public = new_key(keyring)
    async with database.transaction() as queries:
        await queries.execute(LOCK)
        await queries.execute(RETIRE)
        await queries.execute(ADD, kid, sealed, public)
        await record(queries, Entry(tenant=HUB, action="token_key:rotated", subject=kid, by=by))
    return kid


async def listed(database: Database) -> list[Any]:
    """Every key, newest first, without what it signs with."""
    return list(await database.fetch(LIST))


def signed(signer: Signer, person: str, tenant: str, role: Role, session: str) -> str:
    """An access token."""
    now = int(time.time())
    claims = Claims(
        iss=ISSUER,
        aud=AUDIENCE,
        sub=person,
        tenant=tenant,
        role=role,
        sid=session,
        iat=now,
        exp=now + SECONDS,
        jti=secrets.token_hex(8),
    )
    return sealed_by(signer, KIND, claims)


def sealed_by(signer: Signer, kind: str, claims: msgspec.Struct) -> str:
    """A token of a kind that says these claims."""
    header = {"alg": ALGORITHM, "kid": signer.kid, "typ": kind}
    return jws.serialize_compact(header, _encode(claims), signer.key, algorithms=[ALGORITHM])


async def verified(keys: TokenKeys, token: str) -> Claims | None:
    """What a token says, where it is ours and not over; None for everything else.

    Raises:
        StoreUnavailableError: its key cannot be known now.

    """
    said = await payload(keys, token, KIND)
    try:
        claims = None if said is None else _decode(said)
    except ValueError:
        return None
    if claims is None or (claims.iss, claims.aud) != (ISSUER, AUDIENCE):
        return None
    return claims if is_now(claims.iat, claims.exp, SECONDS) else None


async def payload(keys: TokenKeys, token: str, kind: str) -> bytes | None:
    """What a token of this kind says, where a key of ours signed it.

    Raises:
        StoreUnavailableError: its key cannot be known now.

    """
    kid = _named(token, kind)
    key = await keys.public(kid) if kid else None
    if key is None:
        return None
    try:
        return jws.deserialize_compact(token, key, algorithms=[ALGORITHM]).payload
    except (JoseError, ValueError):
        return None


def is_now(begins: int, ends: int, longest: int) -> bool:
    """Whether a token is good at this moment, and was given out for no longer than we do."""
    return begins - LEEWAY_SECONDS <= time.time() < ends and ends - begins <= longest


def _named(token: str, kind: str) -> str:
    """The name of the key that a token was signed with; empty where it is none of this kind."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MAX_TOKEN or not token.isascii():  # noqa: PLR2004 - as JWS has it
        return ""
    try:
        header = msgspec.json.decode(_exactly(parts[0]))
        _exactly(parts[2])
    except (ValueError, RecursionError):
        return ""
    if not isinstance(header, dict) or set(header) != {"alg", "kid", "typ"}:
        return ""
    is_ours = header["alg"] == ALGORITHM and header["typ"] == kind
    return header["kid"] if is_ours and isinstance(header["kid"], str) else ""


def _exactly(part: str) -> bytes:
    """A part decoded, where it is written in the one way: its last letter has bits that decide nothing."""
    body = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if urlsafe_b64encode(body).rstrip(b"=").decode() != part:
        raise ValueError(part)
    return body
