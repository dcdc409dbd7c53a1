"""Proofs of purchase: a reference to the sale's own order is enough, anything else a person decides."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.api.proofs import amount_to
from hub.processors.purchase.proving import MOST
from hub.sdk.events import Event
from schemas.events.parts import Actor
from schemas.events.proof import (
    ProofAccepted,
    ProofOffered,
    ProofReceived,
    ProofRefused,
)
from tests.unit.by_hand import MARCH, sold, who
from tests.unit.story import an_event

PHOTO = "med_" + "0" * 32


def an_offer(
    warranty: str,
    *,
    by: Actor,
    media: str | None = None,
    invoice: str | None = None,
    id: str = "",  # noqa: A002
) -> Event:
    fact = ProofOffered(warranty=warranty, media=media, invoice=invoice, by=by)
    return an_event(fact, by="portal", day=MARCH, id=id or f"offer-{media}-{invoice}-{by.id}")


def decided(proof: str, *, by: Actor, accept: bool = True, id: str = "") -> Event:  # noqa: A002
    model = ProofAccepted if accept else ProofRefused
    fact = model(proof=proof, why="looked at it", by=by)
    return an_event(fact, by="portal", day=MARCH, id=id or f"{model.__name__}-{proof}-{by.id}")


def test_the_reference_of_the_sale_s_own_order_is_accepted_at_once() -> None:
    story, warranty = sold()
    order = story.units[0].order_reference or ""
    story.given(an_offer(warranty, invoice=f" {order.lower()} ", by=who("sales_staff")))

    (received,) = story.said
    assert isinstance(received, ProofReceived)
    assert received.state == "accepted"
    (proof,) = story.proofs
    assert (proof.decided_by, proof.decided_why) == (
        None,
        "it names the order that was reported with the sale",
    )


def test_a_photo_waits_for_whoever_may_decide_and_nobody_decides_his_own() -> None:
    story, warranty = sold()
    manager, seller = who("warranty_manager"), who("sales_staff")
    story.given(an_offer(warranty, media=PHOTO, by=seller))
    proof = story.answers[-1]["proof"]["id"]
    story.given(
        decided(proof, by=seller),
        decided(proof, by=manager),
        decided(proof, by=manager, id="again"),
        decided(proof, by=who("owner"), accept=False),
    )

    assert [one.TYPE for one in story.said] == [
        "proof.received.v1",
        "warranty.refused.v1",
        "proof.decided.v1",
        "warranty.refused.v1",
    ]
    assert story.codes == ["own_proof", "already_decided"]
    assert story.answers[-2]["proof"]["state"] == "accepted"


def test_the_same_proof_again_is_the_same_proof() -> None:
    story, warranty = sold()
    story.given(an_offer(warranty, media=PHOTO, by=who("sales_staff")))
    story.given(an_offer(warranty, media=PHOTO, by=who("owner")))

    assert len(story.proofs) == 1
    assert story.answers[-1]["proof"] == story.answers[-2]["proof"]


def test_nobody_has_to_look_at_more_proofs_than_help() -> None:
    story, warranty = sold()
    for n in range(MOST + 1):
        story.given(an_offer(warranty, invoice=f"R-{n}", by=who("sales_staff")))

    assert len(story.proofs) == MOST
    assert story.codes == ["too_many_proofs"]


def test_a_proof_of_nothing_known_is_refused() -> None:
    story, warranty = sold()
    other = warranty[:-1] + "9"
    story.given(
        an_offer(other, media=PHOTO, by=who("owner")),
        an_offer(warranty, by=who("owner")),
        an_offer(warranty, media=PHOTO, invoice="R-1", by=who("owner")),
        decided(warranty.replace("wty_", "prf_"), by=who("owner")),
    )

    assert story.codes == ["unknown_warranty", "nothing_shown", "nothing_shown", "unknown_proof"]


@given(st.lists(st.sampled_from(["offered", "accepted", "refused"]), max_size=6))
@settings(max_examples=60)
def test_one_good_proof_is_enough(states: list[str]) -> None:
    known = set(states)
    expected = "missing" if not known else "refused" if known == {"refused"} else "offered"
    assert amount_to(states) == ("accepted" if "accepted" in known else expected)
