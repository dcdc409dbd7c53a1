"""Access tokens: only what we signed, with a key of ours, for us, not long ago, is taken."""

import asyncio
import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import msgspec
import pytest
import time_machine
from joserfc import jws
from joserfc.jwk import OKPKey

from hub.access import tokens
from hub.access.keys import COMMAND
from hub.access.permissions import Role
from hub.access.sessions import Begun
from hub.access.tokens import (
    AGAIN_SECONDS,
    ALGORITHM,
    AUDIENCE,
    ISSUER,
    LEEWAY_SECONDS,
    SECONDS,
    Signer,
    TokenKeys,
)
from hub.adapters.postgres import Database
from hub.dev.prove.mutations import mutated
from tests.access.conftest import KEYRING, OTHER, Door

pytestmark = pytest.mark.servers


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims(begun: Begun, **other: Any) -> dict[str, Any]:
    now = int(time.time())
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": begun.person,
        "tenant": begun.tenant,
        "role": begun.role,
        "sid": begun.id,
        "iat": now,
        "exp": now + SECONDS,
        "jti": "x",
    }
    return said | other


def forged(signer: Signer, said: dict[str, Any], **header: Any) -> str:
    """What nobody but us could sign, saying what we never say."""
    head = {"alg": ALGORITHM, "kid": signer.kid, "typ": "at+jwt"} | header
    return jws.serialize_compact(head, json.dumps(said), signer.key, algorithms=[ALGORITHM])


async def test_what_we_signed_is_taken_until_it_is_over(door: Door) -> None:
    await door.somebody()
    begun = await door.begun()
    token = await door.admission.access_token(begun)

    assert await door.admission.bearer(token) is not None
    with time_machine.travel(time.time() + SECONDS + 1):
        assert await door.admission.bearer(token) is None


async def test_a_token_without_a_signature_or_signed_with_what_is_public_is_none(
    door: Door, database: Database
) -> None:
    await door.somebody()
    begun = await door.begun()
    await door.admission.access_token(begun)
    (row,) = await database.fetch("select kid, public from token_key")
    said = claims(begun)
    unsigned = [
        f"{part({'alg': alg, 'kid': row['kid'], 'typ': 'at+jwt'})}.{part(said)}."
        for alg in ("none", "None", "", ALGORITHM)
    ]
    public = OKPKey.import_key(msgspec.json.decode(row["public"]))
    secrets = [row["public"].encode(), public.as_pem(private=False), public.as_der(private=False)]
    confused = []
    for secret in secrets:
        signed = f"{part({'alg': 'HS256', 'kid': row['kid'], 'typ': 'at+jwt'})}.{part(said)}"
        signature = urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256"))
        confused.append(f"{signed}.{signature.rstrip(b'=').decode()}")

    assert [await door.admission.bearer(one) for one in unsigned + confused] == [None] * 7


async def test_a_key_that_a_token_brings_along_or_makes_up_signs_nothing(door: Door) -> None:
    await door.somebody()
    begun = await door.begun()
    signer = await door.admission.token_keys.signer()
    own = OKPKey.generate_key("Ed25519", private=True)
    said = claims(begun)

    strangers = [
        forged(Signer(signer.kid, own), said),
        forged(Signer("../../etc/passwd", own), said),
        forged(Signer("' or 1=1 --", own), said),
        forged(Signer(signer.kid, own), said, jwk=own.as_dict(private=False)),
        forged(signer, said, jku="https://evil.invalid/keys"),
        forged(signer, said, crit=["b64"], b64=True),
    ]

    assert [await door.admission.bearer(one) for one in strangers] == [None] * len(strangers)
    assert await door.admission.bearer(forged(signer, said)) is not None


@pytest.mark.parametrize(
    "other",
    [
        {"iss": "somebody"},
        {"aud": "another door"},
        {"tenant": OTHER},
        {"tenant": ""},
        {"sid": "ses_made_up"},
        {"sub": "usr_somebody_else"},
        {"role": "owner"},
        {"role": "king"},
        {"exp": 2**40},
        pytest.param(
            {"iat": int(time.time()) + 3_600, "exp": int(time.time()) + 3_700}, id="of the future"
        ),
        pytest.param({"exp": int(time.time()) - 1}, id="over"),
        {"exp": "tomorrow"},
        {"tenant": None},
        {"role": ["sales_staff"]},
    ],
    ids=str,
)
async def test_even_signed_by_us_it_must_say_what_is_so(door: Door, other: dict[str, Any]) -> None:
    await door.somebody()
    begun = await door.begun()
    signer = await door.admission.token_keys.signer()

    assert await door.admission.bearer(forged(signer, claims(begun, **other))) is None


async def test_what_an_old_key_signed_is_good_until_it_is_over(
    door: Door, database: Database
) -> None:
    await door.somebody()
    begun = await door.begun()
    token = await door.admission.access_token(begun)

    kid = await tokens.rotate(database, KEYRING, COMMAND)
    then = TokenKeys(door.admission.database, KEYRING)

    assert (await then.signer()).kid == kid
    assert await tokens.verified(then, token) is not None
    over = SECONDS + LEEWAY_SECONDS + 1
    await database.execute(
        "update token_key set retired_at = clock_timestamp() - make_interval(secs => $2) where kid <> $1",
        *(kid, float(over)),
    )
    assert await tokens.verified(TokenKeys(door.admission.database, KEYRING), token) is None


async def test_another_process_takes_what_the_newest_key_signed_within_a_second(
    door: Door, database: Database
) -> None:
    await door.somebody()
    begun = await door.begun()
    await door.admission.access_token(begun)
    await tokens.rotate(database, KEYRING, COMMAND)
    elsewhere = TokenKeys(door.admission.database, KEYRING)
    signer = await elsewhere.signer()
    token = tokens.signed(signer, begun.person, begun.tenant, Role.SALES_STAFF, begun.id)

    await asyncio.sleep(AGAIN_SECONDS)

    assert await door.admission.bearer(token) is not None


async def test_a_token_that_is_nested_as_deeply_as_it_is_long_is_none(door: Door) -> None:
    for begin in (b"[", b'{"alg":['):
        header = urlsafe_b64encode(begin + b"[" * 1_300).rstrip(b"=").decode()
        assert await door.admission.bearer(f"{header}.e30.AAAA") is None


async def test_of_thousands_of_mutated_tokens_and_keys_none_is_taken(door: Door) -> None:
    figures = await mutated(door.admission, door.database, await _valid(door), count=3_000, seed=7)

    assert figures["accepted"] == []
    assert figures["tried"] == 3_000
    assert figures["valid_taken"] == figures["valid"] == 20


async def _valid(door: Door) -> list[str]:
    await door.somebody()
    begun = await door.begun()
    return [await door.admission.access_token(begun) for _ in range(10)]
