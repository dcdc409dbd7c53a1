"""Words of claims leave their event before anything is decided, under a name that leads back to them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.access.keyring import Keyring, nobody
from hub.ledger.wire import Incoming, Payload, read
from schemas.catalogue import TOLD
from schemas.envelope import Envelope, source_of, to_headers
from schemas.events.claim import ClaimAnswered, ClaimEvidenceAdded, ClaimFiled
from schemas.events.parts import Statement
from schemas.events.sale import SaleReturned

KEYRING = Keyring(b"k" * 32)
CLAIM = "clm_aaaaaaaaaaaaaaaa_1"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
FILED: dict[str, Any] = {"issue": "power", "filed_at": NOON.isoformat(), "zone": "UTC"}


def told(kind: str, event: str = "evt-1", **body: Any) -> Incoming:
    envelope = Envelope(
        id=event,
        source=source_of("acme", "desk"),
        type=kind,
        time=NOON,
        tenant="acme",
        partitionkey="aaaaaaaaaaaaaaaa",
    )
    payload = Payload(to_headers(envelope), json.dumps(body).encode(), NOON)
    return read(0, payload, {fact.TYPE: fact for fact in TOLD}, KEYRING)


def sealed_under(one: Incoming) -> str:
    assert one.contact is not None
    return one.contact.customer.ref


def test_no_rule_sees_what_was_written() -> None:
    one = told(ClaimAnswered.TYPE, claim=CLAIM, words="Since Monday.")

    assert one.arrival is not None
    assert "Monday" not in one.arrival.event.fact.model_dump_json()
    assert one.contact is not None
    kept = Statement.model_validate_json(KEYRING.open("acme", one.contact.sealed))
    assert (kept.words, kept.email) == ("Since Monday.", None)


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        (ClaimAnswered.TYPE, {"claim": CLAIM}, CLAIM),
        (ClaimEvidenceAdded.TYPE, {"claim": CLAIM}, CLAIM),
        (ClaimFiled.TYPE, {**FILED, "reference": "T-1"}, "claim/desk/T-1"),
        (ClaimFiled.TYPE, {**FILED, "reference": "T-1", "source": "crm"}, "claim/crm/T-1"),
        (ClaimFiled.TYPE, FILED, "evt-1"),
    ],
)
def test_words_without_an_address_are_found_by_their_claim(
    kind: str, body: dict[str, Any], name: str
) -> None:
    assert sealed_under(told(kind, **body, words="It broke.")) == nobody("acme", name)


def test_the_same_words_of_a_claim_are_kept_once() -> None:
    one, again, other = (
        told(ClaimAnswered.TYPE, event, claim=CLAIM, words=words)
        for event, words in (("evt-1", "yes"), ("evt-2", "yes"), ("evt-3", "no"))
    )

    assert one.contact is not None
    assert again.contact is not None
    assert other.contact is not None
    assert one.contact.kept == again.contact.kept != other.contact.kept


def test_words_beside_an_address_are_found_by_it() -> None:
    body: dict[str, Any] = {**FILED, "words": "It broke.", "customer": {"email": "ada@example.org"}}
    one = told(ClaimFiled.TYPE, "evt-1", **body)

    assert one.contact is not None
    assert one.contact.customer.email_hash == KEYRING.hashed("acme", "email", "ada@example.org")


def test_what_does_not_speak_has_no_words() -> None:
    back: dict[str, Any] = {
        "order": {"namespace": "till", "reference": "R-1"},
        "zone": "UTC",
        "reference": "B-1",
        "returned_at": NOON.isoformat(),
    }
    one = told(SaleReturned.TYPE, **back, words="It broke.")

    assert one.contact is None
    assert SaleReturned.model_validate(back).speaks_of("till") is None
