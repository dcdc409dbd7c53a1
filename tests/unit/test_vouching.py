"""What somebody did is believed only where a door of the hub vouches that he proved himself."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.access.keyring import Keyring
from hub.ledger.wire import VOUCHED, Payload, read, vouched
from schemas.base import Fact
from schemas.catalogue import ACTED, GRANTING
from schemas.envelope import Envelope, source_of, to_headers
from schemas.events.policy import PolicyPublished

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYRING = Keyring(b"k" * 32)
BODY = (
    b'{"name": "coverage", "document": {}, "why": "spring", '
    b'"by": {"kind": "person", "id": "usr_1", "role": "owner"}}'
)


def an_envelope(fact: type[Fact] = PolicyPublished, **changed: Any) -> Envelope:
    told: dict[str, Any] = {"tenant": "acme", "id": "e1", "source": "portal", "time": NOW} | changed
    source = source_of(told["tenant"], told["source"])
    return Envelope(told["id"], source, fact.TYPE, told["time"], told["tenant"])


def invalid(
    envelope: Envelope, mark: bytes | None, body: bytes = BODY, keyring: Keyring = KEYRING
) -> str:
    models = {fact.TYPE: fact for fact in ACTED}
    headers = [*to_headers(envelope), *([(VOUCHED, mark)] if mark is not None else [])]
    return read(0, Payload(headers, body, NOW), models, keyring).invalid


def test_believes_what_a_door_vouches_for() -> None:
    assert invalid(an_envelope(), vouched(KEYRING, an_envelope(), BODY)) == ""


@pytest.mark.parametrize("fact", ACTED, ids=lambda fact: fact.TYPE)
@pytest.mark.parametrize("mark", [None, b"", b"0" * 64], ids=["none", "empty", "made up"])
@pytest.mark.parametrize("source", ["till", "hub"])
def test_a_stranger_cannot_say_what_somebody_did(
    fact: type[Fact], mark: bytes | None, source: str
) -> None:
    assert "no door of the hub vouches" in invalid(an_envelope(fact, source=source), mark)


@pytest.mark.parametrize("fact", GRANTING, ids=lambda fact: fact.TYPE)
def test_a_stranger_cannot_write_a_letter_that_grants_in_the_name_of_the_hub(
    fact: type[Fact],
) -> None:
    assert "no door of the hub vouches" in invalid(an_envelope(fact, source="hub"), None)


@pytest.mark.parametrize(
    "other",
    [
        an_envelope(tenant="globex"),
        an_envelope(id="e2"),
        an_envelope(source="till"),
        an_envelope(time=datetime(2026, 1, 2, tzinfo=UTC)),
    ],
    ids=["tenant", "id", "source", "time"],
)
def test_a_mark_is_of_one_event_alone(other: Envelope) -> None:
    mark = vouched(KEYRING, an_envelope(), BODY)

    assert "no door" in invalid(other, mark)
    assert "no door" in invalid(an_envelope(), mark, BODY.replace(b"owner", b"other"))
    assert "no door" in invalid(an_envelope(), vouched(Keyring(b"x" * 32), an_envelope(), BODY))


def test_what_a_door_vouched_for_stays_so_while_the_master_key_changes() -> None:
    mark = vouched(KEYRING, an_envelope(), BODY)
    changing = Keyring(b"x" * 32, b"k" * 32)

    assert invalid(an_envelope(), mark, keyring=changing) == ""
    assert vouched(changing, an_envelope(), BODY) != mark
