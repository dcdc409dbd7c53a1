"""Whose a sale or a registration is: found by e-mail and phone, founded once, never merged by itself."""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.access.keyring import Keyring
from hub.processors.purchase.customers import CONFLICT, CUSTOMER, EMAIL, NAME_DIFFERS, PHONE
from hub.sdk.events import Event
from schemas.base import Fact
from schemas.events.customer import CustomerMergeRequested, CustomerMergeUndone
from schemas.events.parts import Contact
from schemas.refs import customer_home
from tests.unit.by_hand import who
from tests.unit.story import Story, a_line, a_registration, a_sale, an_event

RING = Keyring(b"k" * 32)
ADA, BOB = "ada@example.com", "bob@example.com"
ONE, TWO = "+905443332211", "+905443332212"


def said_by(
    event: Event, email: str | None = None, phone: str | None = None, name: str = "Ada L"
) -> Event:
    contact = Contact(name=name, email=email, phone=phone)
    sealed = RING.seal_contact("acme", contact, event.id)
    return replace(event, customer=sealed.customer)


def sold(
    order: str, email: str | None = None, phone: str | None = None, name: str = "Ada L"
) -> Event:
    sale = a_sale(a_line(serials=[f"SN-{order}"]), order=order, id=f"sale-{order}")
    return said_by(sale, email, phone, name)


def customers(story: Story) -> list[str | None]:
    """Whose the units are, in the order of their serials."""
    return [unit.customer for unit in sorted(story.units, key=lambda unit: unit.serial or "")]


def names(story: Story, *kinds: str) -> dict[str, str]:
    return {holder.value: holder.id for holder in story.holders if holder.kind in kinds}


def test_a_customer_is_found_by_either() -> None:
    story = Story()
    story.given(sold("1", ADA, ONE), sold("2", ADA), sold("3", None, ONE))
    assert len(set(customers(story))) == 1
    assert len(names(story, EMAIL)) == len(names(story, PHONE)) == 1


def test_the_id_is_computed_from_what_is_known_first() -> None:
    first, second = Story(), Story()
    first.given(sold("1", ADA, ONE))
    second.given(sold("1", ADA))
    assert customers(first) == customers(second)


def test_spellings_of_one_address_are_one_customer() -> None:
    story = Story()
    story.given(sold("1", ADA), sold("2", " ADA@Example.com "))
    assert len(set(customers(story))) == 1


def test_a_phone_that_came_later_finds_the_customer() -> None:
    story = Story()
    story.given(sold("1", ADA), sold("2", ADA, ONE), sold("3", None, ONE))
    assert len(set(customers(story))) == 1


def test_an_address_completes_who_was_known_by_phone_alone() -> None:
    story = Story()
    story.given(sold("1", None, ONE), sold("2", ADA, ONE), sold("3", ADA))
    assert len(set(customers(story))) == 1
    story.given(sold("4", BOB, ONE))
    assert customers(story)[3] not in customers(story)[:3]


def test_e8_where_both_lead_to_different_customers_the_address_counts_and_it_is_flagged() -> None:
    story = Story()
    story.given(sold("1", ADA, ONE), sold("2", BOB, TWO), sold("3", ADA, TWO))
    ada, bob, third = customers(story)
    assert third == ada != bob
    unit = next(unit for unit in story.units if unit.serial == "SN-3")
    assert unit.reports[0].remarks == (CONFLICT,)
    (noticed,) = next(head.customer for head in story.heads if head.customer).noticed
    assert (noticed.code, noticed.other) == (CONFLICT, bob)
    assert len(names(story, EMAIL)) == len(names(story, PHONE)) == 2


def test_e8_whoever_has_another_address_is_somebody_else() -> None:
    story = Story()
    story.given(sold("1", ADA, ONE), sold("2", BOB, ONE))
    assert len(set(customers(story))) == 2
    unit = next(unit for unit in story.units if unit.serial == "SN-2")
    assert unit.reports[0].remarks == (CONFLICT,)


def test_e21_under_another_name_the_stored_one_stays_and_the_given_one_is_on_the_warranty() -> None:
    story = Story()
    story.given(sold("1", ADA), sold("2", ADA, name="Ida M"), sold("3", ADA, name=" ADA  l "))
    assert len(set(customers(story))) == 1
    reports = {unit.serial: unit.reports[0] for unit in story.units}
    assert reports["SN-1"].remarks == reports["SN-3"].remarks == ()
    assert reports["SN-2"].remarks == (NAME_DIFFERS,)
    assert reports["SN-2"].contact == sold("2", ADA, name="Ida M").customer.contact  # type: ignore[union-attr]
    sale = next(head.sales[0] for head in story.heads if head.order_reference == "2")
    assert sale.remarks == ((NAME_DIFFERS, None),)


def test_a_repeat_founds_nobody() -> None:
    story = Story()
    story.given(sold("1", ADA))
    repeat = replace(sold("1", BOB), id="again")
    story.given(repeat)
    assert set(names(story, EMAIL).values()) == {customers(story)[0]}


def test_a_refused_sale_founds_nobody() -> None:
    story = Story()
    event = a_sale(a_line(serials=["SN-1"], covered_until=date(2020, 1, 1)), order="1")
    story.given(said_by(event, ADA))
    assert story.holders == []


def test_a_registration_founds_its_customer_too() -> None:
    story = Story()
    story.given(said_by(a_registration(), ADA), sold("1", ADA))
    assert len(set(customers(story))) == 1
    assert len(names(story, EMAIL)) == 1


def test_a_contact_without_address_is_somebody_of_its_own() -> None:
    story = Story()
    story.given(sold("1"), sold("2"))
    assert len(set(customers(story))) == 2


def merge(customer: str | None, into: str | None, key: str = "") -> Event:
    fact: Fact = CustomerMergeRequested(
        customer=customer or "", into=into or "", why="same person", by=who("owner")
    )
    return an_event(fact, by="console", day=date(2026, 3, 1), id=f"merge-{customer}-{into}-{key}")


def undo(customer: str | None) -> Event:
    fact = CustomerMergeUndone(customer=customer or "", why="two people", by=who("owner"))
    return an_event(fact, by="console", day=date(2026, 3, 2), id=f"undo-{customer}")


def two() -> tuple[Story, str | None, str | None]:
    story = Story()
    story.given(sold("1", ADA, ONE), sold("2", BOB, TWO))
    ada, bob = customers(story)
    return story, ada, bob


def test_merging_changes_nothing_that_was_decided_and_is_undone_without_a_trace() -> None:
    story, ada, bob = two()
    before = {(h.kind, h.value, h.id) for h in story.holders}
    story.given(merge(bob, ada))
    assert customers(story) == [ada, bob]
    assert story.said[-1].TYPE == "customer.merged.v1"
    story.given(undo(bob))
    assert story.said[-1].TYPE == "customer.unmerged.v1"
    after = {(h.kind, h.value, h.id) for h in story.holders}
    assert {one for one in after if one[0] != "customer_merges"} == before
    head = next(head for head in story.heads if head.id == customer_home(bob or ""))
    assert head.customer is not None
    assert [(m.into, m.undone_why) for m in head.customer.merges] == [(ada, "two people")]


def test_what_is_merged_is_no_conflict() -> None:
    story, ada, bob = two()
    story.given(merge(bob, ada), sold("3", ADA, TWO))
    unit = next(unit for unit in story.units if unit.serial == "SN-3")
    assert (unit.customer, unit.reports[0].remarks) == (ada, ())


def test_one_step_always_leads_to_who_stays() -> None:
    story, ada, bob = two()
    story.given(sold("3", "eve@example.com"))
    eve = customers(story)[2]
    story.given(merge(bob, ada), merge(ada, eve), merge(eve, bob), merge(bob, eve), merge(ada, ada))
    assert story.codes == ["already_merged"] * 3 + ["same_customer"]
    story.given(merge(bob, ada, "again"), merge("cus_aaaaaaaaaaaaaaaa", ada), undo(ada))
    assert story.codes[4:] == ["unknown_customer", "not_merged"]
    story.given(merge("nobody", ada), merge(bob, ada, "once more"))
    assert story.codes[6:] == ["unknown_customer"]


VALUES = st.sampled_from([None, ADA, BOB, "eve@example.com"])
PHONES = st.sampled_from([None, ONE, TWO])


@given(st.lists(st.tuples(VALUES, PHONES), min_size=1, max_size=8))
@settings(max_examples=60)
def test_each_address_and_number_leads_to_exactly_one_customer(told: list[Any]) -> None:
    story = Story()
    story.given(*(sold(str(n), email, phone) for n, (email, phone) in enumerate(told, 1)))
    by_serial = {unit.serial: unit.customer for unit in story.units}
    emails: dict[str, set[str | None]] = {}
    for n, (email, _) in enumerate(told, 1):
        if email:
            emails.setdefault(email, set()).add(by_serial[f"SN-{n}"])
    assert all(len(whose) == 1 for whose in emails.values())
    assert {h.kind for h in story.holders} <= {EMAIL, PHONE, CUSTOMER, "serial", "registration"}
    assert set(names(story, EMAIL, PHONE).values()) <= set(by_serial.values())
