"""The official JavaScript library takes what we send, by each live secret, and nothing that was touched."""

import time
from pathlib import Path
from typing import Any

import pytest

from hub.delivery.secrets import Secret
from hub.delivery.signing import signed
from tests.delivery.conftest import World, told
from tests.delivery.javascript import JavaScript
from tests.delivery.receiver import listening

pytestmark = pytest.mark.servers
REFUSED = "refused: No matching signature found"
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


@pytest.fixture
def javascript(tmp_path: Path) -> JavaScript:
    return JavaScript.unpacked(tmp_path)


def message(secret: Secret, *, at: int | None = None, payload: str = "") -> dict[str, Any]:
    """One as it is sent, to be verified by the shared secret."""
    payload = payload or '{"type":"endpoint.tested.v1","data":{"name":"Zoë 🛠"}}'
    headers = signed("evt_1", int(time.time()) if at is None else at, payload.encode(), (secret,))
    return {"payload": payload, "headers": headers, "secret": secret.shown}


def by_key(one: dict[str, Any], secret: Secret) -> dict[str, Any]:
    """The same, to be verified by the public key."""
    return {name: one[name] for name in ("payload", "headers")} | {"public": secret.public}


async def test_what_arrives_is_verified_by_both_secrets_of_a_rotation_and_by_both_keys(
    world: World, javascript: JavaScript
) -> None:
    async with listening() as receiver:
        endpoint = await world.endpoint(receiver.url, payload="full")
        before = world.secrets[endpoint.id]
        async with world.desk() as desk:
            after = await desk.rotate(endpoint.id)
        await world.tell(told(1, branch="Łódź"))
        async with world.delivering():
            await world.until({"delivered": 1})

    (got,) = receiver.got
    sent = {"payload": got.body.decode(), "headers": {name: got.headers[name] for name in SIGNED}}
    asked = [sent | {"secret": one.shown} for one in (before, after)]
    asked += [by_key(sent, one) for one in (before, after)]
    assert await javascript.verified(asked) == ["warranty.activated.v1"] * 4


async def test_whatever_was_touched_or_is_a_stranger_s_is_refused(javascript: JavaScript) -> None:
    secret, other = Secret.new(), Secret.new()
    good = message(secret)
    altered = good | {"payload": good["payload"].replace("tested", "pasted")}
    renamed = good | {"headers": good["headers"] | {"webhook-id": "evt_2"}}
    foreign = good | {"secret": other.shown}
    asked = [good, altered, renamed, foreign]
    keys = [by_key(one, secret) for one in asked[:3]] + [by_key(good, other)]

    said = await javascript.verified([*asked, *keys])

    assert said == ["endpoint.tested.v1", REFUSED, REFUSED, REFUSED] * 2


async def test_what_is_old_or_of_tomorrow_is_refused_by_the_library(
    javascript: JavaScript,
) -> None:
    secret, now = Secret.new(), int(time.time())

    said = await javascript.verified(
        [message(secret, at=now - 301), message(secret, at=now + 310), message(secret, at=now - 60)]
    )

    assert said == [
        "refused: Message timestamp too old",
        "refused: Message timestamp too new",
        "endpoint.tested.v1",
    ]


async def test_every_flipped_bit_of_a_signature_is_refused(javascript: JavaScript) -> None:
    secret = Secret.new()
    good = message(secret)
    shared, keyed = good["headers"]["webhook-signature"].split(" ")
    asked = []
    for place in range(3, len(shared) - 2):
        flipped = chr(ord(shared[place]) ^ 1)
        wrong = f"{shared[:place]}{flipped}{shared[place + 1 :]} {keyed}"
        asked.append(good | {"headers": good["headers"] | {"webhook-signature": wrong}})

    assert set(await javascript.verified(asked)) == {REFUSED}
