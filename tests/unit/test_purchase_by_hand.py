"""What people decide of a warranty: named roles do it, others propose it, overrides are counted."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.processors.purchase.state import Grant
from hub.sdk.events import Outcome
from schemas.events.decided import (
    ProposalMade,
    ProposalSettled,
    WarrantyExtended,
    WarrantyReinstated,
)
from schemas.events.warranty import WarrantyEnded
from tests.unit.by_hand import (
    MARCH,
    a_change,
    a_policy,
    allowing,
    an_override,
    grants,
    settled,
    sold,
    who,
)
from tests.unit.documents import a_map, an_area
from tests.unit.story import NEW_YEAR, a_line, a_return, a_sale


def test_a_role_that_is_named_ends_and_reinstates() -> None:
    story, warranty = sold()
    manager = who("warranty_manager")
    story.given(a_change(warranty, by=manager), a_change(warranty, "reinstate", by=who("owner")))

    ended, again = story.said
    assert isinstance(ended, WarrantyEnded)
    assert (ended.reason, ended.ended_on) == ("decided", MARCH)
    assert ended.decided is not None
    assert (ended.decided.by.id, ended.decided.why) == (manager.id, "called the customer")
    assert isinstance(again, WarrantyReinstated)
    (unit,) = story.units
    assert (unit.status, unit.ended_on) == ("covered", None)
    assert [(one.change, one.by_role) for one in unit.decisions] == [
        ("end", "warranty_manager"),
        ("reinstate", "owner"),
    ]
    assert story.answers[1]["changed"]["status"] == "ended"


def test_a_role_that_is_not_named_proposes_and_the_named_one_decides() -> None:
    story, warranty = sold()
    story.given(a_change(warranty, by=who("sales_staff")))

    (made,) = story.said
    assert isinstance(made, ProposalMade)
    assert made.approver == "warranty_manager"
    assert [unit.status for unit in story.units] == ["covered"]
    story.given(settled(made.proposal, by=who("warranty_manager")))

    (unit,) = story.units
    assert unit.status == "ended"
    assert (unit.decisions[0].by_role, unit.decisions[0].proposal) == (
        "warranty_manager",
        made.proposal,
    )
    assert isinstance(story.said[-1], ProposalSettled)
    assert story.proposals[0].state == "approved"


def test_a_declined_proposal_changes_nothing() -> None:
    story, warranty = sold()
    story.given(a_change(warranty, by=who("finance_user")))
    proposal = story.proposals[0].id
    story.given(settled(proposal, by=who("owner"), approve=False))
    story.given(settled(proposal, by=who("owner", "other"), approve=True))

    assert (story.units[0].status, story.proposals[0].state) == ("covered", "declined")
    assert story.codes == ["already_settled"]


def test_nobody_decides_his_own_proposal_nor_one_that_is_not_his_to_decide() -> None:
    """Whoever proposed it may have been given the role that decides it."""
    story, warranty = sold()
    story.given(a_change(warranty, by=who("sales_staff", "ada")))
    proposal = story.proposals[0].id
    story.given(
        settled(proposal, by=who("warranty_manager", "ada")),
        settled(proposal, by=who("owner", "ada"), approve=False),
        settled(proposal, by=who("sales_staff", "bob")),
        settled("prp_aaaaaaaaaaaaaaaa_1", by=who("owner", "bob")),
    )

    assert story.codes == ["own_proposal", "own_proposal", "not_named", "unknown_proposal"]
    assert story.proposals[0].state == "pending"


def test_the_map_says_who_decides() -> None:
    area = an_area("sales_staff", "owner") | {"approving_role": "finance_user"}
    story, warranty = sold(a_policy("setup_map", a_map(portal_status=area)))
    story.given(a_change(warranty, by=who("warranty_manager")))
    assert story.proposals[0].approver == "finance_user"
    story.given(a_change(warranty, by=who("finance_user")))

    assert story.units[0].status == "ended"


def test_the_same_wish_is_one_proposal() -> None:
    story, warranty = sold()
    story.given(
        a_change(warranty, by=who("sales_staff"), id="a"),
        a_change(warranty, by=who("sales_staff"), id="b"),
    )

    assert len(story.proposals) == 1
    assert story.outcomes[-1] is Outcome.DEDUPLICATED


def test_what_would_change_nothing_or_came_back_is_refused() -> None:
    story, warranty = sold()
    owner = who("owner")
    story.given(
        a_change(warranty, "reinstate", by=owner),
        a_return(),
        a_change(warranty, by=owner),
        a_change(warranty, "reinstate", by=owner, id="again"),
        a_change("wty_aaaaaaaaaaaaaaaa_1", by=owner, id="other"),
    )

    assert story.codes == ["already_covered", "already_ended", "unit_returned", "unknown_warranty"]


def test_what_ended_by_hand_keeps_its_serial_until_it_comes_back() -> None:
    story, warranty = sold()
    story.given(a_change(warranty, by=who("owner")))
    story.given(a_sale(a_line(serials=["SN-1"]), order="O-2", on=MARCH))
    assert story.codes == ["double_entry"]
    story.given(a_return(on=MARCH), a_sale(a_line(serials=["SN-1"]), order="O-3", on=MARCH))

    assert [unit.status for unit in story.units if unit.id != warranty] == ["covered"]


def test_an_override_extends_and_is_flagged_wherever_it_had_an_effect() -> None:
    story, warranty = sold(allowing())
    story.given(an_override(warranty, id="o1"))

    (extended,) = story.said
    assert isinstance(extended, WarrantyExtended)
    override = story.answers[-1]["override"]
    assert override["warranty"] == warranty
    assert (extended.ends_on, extended.decided.override) == (date(2029, 1, 1), override["id"])
    (unit,) = story.units
    assert (unit.ends_on, unit.extended_until) == (date(2029, 1, 1), date(2029, 1, 1))
    assert unit.decisions[0].override == override["id"]
    assert grants(story) == [Grant(override["id"], warranty, 10_000, "EUR", "applied")]


def test_an_extension_outlives_later_reports() -> None:
    story, warranty = sold(allowing())
    story.given(an_override(warranty, id="o1"), a_sale(a_line(serials=["SN-1"]), by="shop"))

    assert story.units[0].ends_on == date(2029, 1, 1)


def test_an_override_without_effect_counts_against_nobody() -> None:
    story, warranty = sold(allowing(count=1))
    story.given(
        an_override(warranty, until=date(2026, 1, 2), id="too short"),
        an_override("wty_aaaaaaaaaaaaaaaa_1", id="nothing there"),
        an_override(warranty, id="right"),
        an_override(warranty, until=date(2030, 1, 1), id="one too many"),
    )

    assert [one.state for one in grants(story)] == ["returned", "returned", "applied"]
    assert story.codes == ["override_exhausted"]
    assert "name a last day after" in (grants(story)[0].reason or "")


def test_an_override_needs_a_policy_a_role_and_its_currency() -> None:
    story, warranty = sold(allowing(begins=datetime(2026, 3, 1, tzinfo=UTC)))
    story.given(
        an_override(warranty, id="early", on=date(2026, 2, 1)),
        an_override(warranty, id="role", by=who("owner")),
        an_override(warranty, id="currency", currency="PLN"),
        an_override(warranty, id="negative", amount=-1),
        an_override(warranty, id="large", amount=30_001),
        an_override("nonsense", id="nonsense"),
    )

    assert story.codes == [*["override_not_allowed"] * 4, "override_exhausted", "unknown_warranty"]
    assert grants(story) == []


def test_an_allowance_is_a_persons_and_a_months() -> None:
    story, warranty = sold(allowing(count=1))
    days = (MARCH, date(2026, 3, 31), date(2026, 4, 1))
    for n, day in enumerate(days):
        until = date(2029, 1, 1) + timedelta(days=n)
        story.given(an_override(warranty, on=day, until=until, id=f"{day}"))
    other = who("warranty_manager", "bob")
    story.given(an_override(warranty, until=date(2031, 1, 1), by=other, id="bob"))

    assert len(grants(story)) == 3
    assert story.codes == ["override_exhausted"]


ASKED = st.tuples(
    st.sampled_from(["ada", "bob"]),
    st.sampled_from([MARCH, MARCH + timedelta(days=20), date(2026, 4, 1)]),
    st.integers(0, 15_000),
    st.booleans(),
)


@settings(deadline=None)
@given(
    asked=st.lists(ASKED, max_size=14),
    count=st.integers(0, 4),
    limit=st.integers(0, 30_000),
    data=st.data(),
)
def test_no_allowance_is_exceeded_whatever_the_order_of_letters(
    asked: list[tuple[str, date, int, bool]], count: int, limit: int, data: st.DataObject
) -> None:
    """An oracle that counts by hand: what is on its way counts until its warranty says otherwise."""
    story, warranty = sold(allowing(count, limit))
    used: dict[tuple[str, int], list[int]] = defaultdict(list)
    expected = []
    for n, (name, day, amount, delivered) in enumerate(asked):
        key = (name, day.month)
        fits = len(used[key]) < count and sum(used[key]) + amount <= limit
        if fits:
            used[key].append(amount)
        expected.append(Outcome.APPLIED if fits else Outcome.REJECTED)
        until = date(2029, 1, 1) + timedelta(days=n)
        by = who("warranty_manager", name)
        # Letters that overtake each other may come too late to extend; their grants come back.
        story.tell(an_override(warranty, amount, by=by, on=day, until=until, id=str(n)))
        if delivered:
            story.deliver()
    assert story.outcomes[1:] == expected
    story.deliver(lambda left: data.draw(st.integers(0, left - 1)))

    assert {one.state for one in grants(story)} <= {"applied", "returned"}
    applied = {one.override for one in grants(story) if one.state == "applied"}
    (unit,) = story.units
    assert {one.override for one in unit.decisions} == applied
    for head in story.heads:
        if head.allowance:
            kept = [one.amount for one in head.allowance.grants if one.state == "applied"]
            assert len(kept) <= count
            assert sum(kept) <= limit


@settings(deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["owner", "warranty_manager", "sales_staff", "finance_user"]),
            st.sampled_from(["end", "reinstate", "approve", "decline"]),
        ),
        max_size=12,
    )
)
def test_a_status_is_what_named_roles_decided_last(steps: list[tuple[str, str]]) -> None:
    story, warranty = sold()
    status = "covered"
    wanted = {"end": "ended", "reinstate": "covered"}
    for n, (role, step) in enumerate(steps):
        named = role in {"owner", "warranty_manager"}
        if step in wanted:
            story.given(a_change(warranty, step, by=who(role), id=str(n)))
            if named:
                status = wanted[step]
        else:
            waiting = [one for one in story.proposals if one.state == "pending"]
            if not waiting:
                continue
            one = waiting[0]
            story.given(settled(one.id, by=who(role), approve=step == "approve", id=str(n)))
            if named and step == "approve" and status != wanted[one.change]:
                status = wanted[one.change]
    assert story.units[0].status == status
    assert story.units[0].starts_on == NEW_YEAR
