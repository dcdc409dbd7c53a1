"""Two who decide, one customer and three feeds, in any order, late and again, beside a model.

`HUB_CLAIMS=10000` tells so many histories instead of a thousand; each transition has to be taken
often enough in them to mean something.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run

from hub.sdk.events import Event, Outcome
from schemas.events.claim import ClaimMoved, EffectAsked
from schemas.refs import derived_id
from tests.unit.by_hand import a_policy, who
from tests.unit.claims import (
    EUR,
    FEBRUARY,
    Doc,
    a_rule,
    answered,
    approved,
    asked,
    closed,
    days,
    denied,
    evidence,
    filed,
    reported,
    reviewed,
    rules,
    settled,
    shown,
    withdrawn,
)
from tests.unit.claims_oracle import (
    FOUR_EYES,
    MANAGER_LIMIT,
    OWNER_LIMIT,
    PRICE,
    Case,
    Model,
)
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_sale

HISTORIES = int(os.environ.get("HUB_CLAIMS", "1000"))
OFTEN = 50
LEGAL = {
    "new": {"staged", "submitted"},
    "staged": {"submitted", "cancelled"},
    "submitted": {"staged", "under_review", "cancelled"},
    "under_review": {
        *("staged", "awaiting_info", "cancelled"),
        *("approved", "partially_approved", "denied"),
    },
    "awaiting_info": {"under_review", "cancelled"},
    "approved": {"resolved"},
    "partially_approved": {"resolved"},
    "denied": {"resolved"},
}
"""Written down again, so that the table cannot agree with itself."""
PHOTOS = ["med_" + letter * 32 for letter in "abc"]
STAGES = ("received", "diagnosed", "repaired", "sent_back")
PEOPLE = {"manager": who("warranty_manager"), "owner": who("owner")}
POLICIES = (
    evidence("pos_invoice", "photos", expires_days=20),
    a_policy("stock", {"missing": {"action": "block"}, "different": {"action": "block"}}),
    rules(a_rule("small", "approve", issues=["small"], resolutions=["repair"])),
    a_policy(
        "approval",
        {
            "limits": [
                {"role": "warranty_manager", "up_to": {"amount": MANAGER_LIMIT, "currency": EUR}},
                {"role": "owner", "up_to": {"amount": OWNER_LIMIT, "currency": EUR}},
            ],
            "four_eyes_above": [{"amount": FOUR_EYES, "currency": EUR}],
        },
    ),
)
taken: Counter[tuple[str, str]] = Counter()

units = st.integers(0, 1)
people = st.sampled_from(sorted(PEOPLE))
photos = st.sampled_from(PHOTOS)
amounts = st.sampled_from([100, 100, 100, 6_000, 9_000])
kinds = st.sampled_from(["repair", "refund", "replacement", "write_off"])
wishes = st.lists(st.tuples(kinds, amounts), min_size=1, max_size=2, unique_by=lambda one: one[0])
anyone = st.integers(0, 30)
seldom = st.sampled_from([False, False, False, False, True])


class Claims(RuleBasedStateMachine):
    """The hub and the model, told the same."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()
        self.story.policies = list(POLICIES)
        self.story.catalog.describe("drill")
        self.model = Model()
        self.number = 0
        self.sent: list[Event] = []
        self.late: list[tuple[Event, Callable[[], bool]]] = []
        self.order: list[int] = []
        priced: Doc = {"price": {"amount": PRICE, "currency": EUR}}
        self.line = priced
        self.story.given(
            a_registration("SN-0", customer="ada", reference="reg-0"),
            a_sale(a_line(serials=["SN-1"], **priced), order="O-1"),
        )
        self.warranties = [self._unit("SN-0"), self._unit("SN-1")]
        self.story.move_stock("out-1", -1, serials=["SN-1"])
        self.story.move_stock("in", 3)
        self.story.said.clear()

    def _unit(self, serial: str) -> str:
        return next(unit.id for unit in self.story.units if unit.serial == serial)

    def _id(self) -> str:
        self.number += 1
        return f"evt-{self.number}"

    def _tell(self, event: Event, modelled: Callable[[], bool], *, late: bool) -> None:
        if late:
            self.late.append((event, modelled))
        else:
            self._deliver(event, modelled)

    def _deliver(self, event: Event, modelled: Callable[[], bool]) -> None:
        expected = modelled()
        self.story.given(event)
        assert (self.story.outcomes[-1] is not Outcome.REJECTED) == expected, (
            self.story.codes[-1:],
            event.fact,
        )
        self.sent.append(event)

    @property
    def claims(self) -> list[str]:
        """The hub's claims in the order in which the model's were made."""
        return [
            fact.claim
            for fact in self.story.said
            if isinstance(fact, ClaimMoved) and not fact.before
        ]

    def _one(self, number: int, likely: Callable[[Case], object] = bool) -> tuple[str, Case]:
        """A claim: mostly one of those of which something is likely to come."""
        cases = list(enumerate(self.model.cases))
        some = [one for one in cases if likely(one[1])] if number % 5 else []
        place, case = (some or cases)[number % len(some or cases)]
        return self.claims[place], case

    # Three feeds and a customer

    @precondition(lambda self: len(self.model.cases) < 4)
    @rule(
        unit=st.sampled_from([0, 1, 1]),
        issue=st.sampled_from(["dark", "noise", "noise", "small"]),
        photo=st.sampled_from([None, *PHOTOS]),
        reference=st.sampled_from([None, None, "W-1", "W-2"]),
        covered=st.sampled_from([True] * 7 + [False]),
        late=seldom,
    )
    def file(  # noqa: PLR0913 - what is drawn of a claim
        self,
        *,
        unit: int,
        issue: str,
        photo: str | None,
        reference: str | None,
        covered: bool,
        late: bool,
    ) -> None:
        case = Case(unit, issue, reference, covered, {photo: True} if photo else {})
        event = filed(
            self.warranties[unit],
            issue,
            by="workshop" if reference else "portal",
            id=self._id(),
            reference=reference,
            photos=[photo] if photo else [],
            incident_on=days(30) if covered else NEW_YEAR - timedelta(days=9),
        )
        self._tell(event, lambda: self.model.file(case), late=late)

    @rule(unit=units)
    def sell(self, unit: int) -> None:
        """The till tells of a sale, perhaps again."""
        sale = a_sale(a_line(serials=[f"SN-{unit}"], **self.line), order=f"O-{unit}", id=self._id())
        heard = datetime.combine(FEBRUARY, time(12), UTC)
        self.story.given(msgspec.structs.replace(sale, received_at=heard))
        if not self.model.sold[unit]:
            self.model.sell(unit)

    @rule(unit=units)
    def move(self, unit: int) -> None:
        """The depot tells that it left, perhaps again."""
        self.story.move_stock(f"out-{unit}", -1, serials=[f"SN-{unit}"])
        if not self.model.moved[unit]:
            self.model.stock -= 1
            self.model.move(unit)

    @rule(many=st.integers(1, 3))
    def receive(self, many: int) -> None:
        self.story.move_stock(self._id(), many)
        self.model.stock += many

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone, photo=photos, late=seldom)
    def show(self, *, number: int, photo: str, late: bool) -> None:
        claim, case = self._one(number)
        event = shown(claim, by="app", photos=[photo])
        again = derived_id("shown", self._id())
        event = msgspec.structs.replace(event, id=again)
        self._tell(event, lambda: self.model.show(case, photo), late=late)

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone, late=seldom)
    def answer(self, *, number: int, late: bool) -> None:
        claim, case = self._one(number, lambda one: one.state == "awaiting_info")
        self._tell(answered(claim, self._id()), lambda: self.model.answer(case), late=late)

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone)
    def withdraw(self, number: int) -> None:
        claim, case = self._one(
            number, lambda one: one.state in ("submitted", "under_review", "awaiting_info")
        )
        event = withdrawn(claim, by=f"portal-{self._id()}")
        self._tell(event, lambda: self.model.withdraw(case), late=False)

    @precondition(lambda self: self.number % 4 == 0)
    @rule()
    def wait(self) -> None:
        """So long that whatever lacks evidence is given up."""
        self.story.pass_days(25)
        self.model.expire()

    # Two who decide

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone, piece=st.integers(0, 2), good=st.booleans())
    def settle(self, *, number: int, piece: int, good: bool) -> None:
        claim, case = self._one(
            number, lambda one: one.photos and one.state in ("submitted", "under_review")
        )
        wanted = case.pieces[piece] if piece < len(case.pieces) else ""
        event = settled(claim, self._piece(claim, wanted), good=good)
        event = msgspec.structs.replace(event, id=self._id())
        self._tell(event, lambda: self.model.settle(case, piece, good=good), late=False)

    def _piece(self, claim: str, photo: str) -> str:
        found = next(one for one in self.story.claims if one.id == claim)
        return next((one.id for one in found.pieces if one.value == photo), "99")

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone, name=people)
    def review(self, number: int, name: str) -> None:
        claim, case = self._one(number)
        event = msgspec.structs.replace(reviewed(claim, by=PEOPLE[name]), id=self._id())
        self._tell(event, lambda: self.model.review(case), late=False)

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone, name=people)
    def ask(self, number: int, name: str) -> None:
        claim, case = self._one(number, lambda one: one.state in ("submitted", "under_review"))
        event = asked(claim, self._id(), by=PEOPLE[name])
        self._tell(event, lambda: self.model.ask(case), late=False)

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone, name=people, wanted=wishes, partial=st.booleans(), late=seldom)
    def approve(
        self, *, number: int, name: str, wanted: list[tuple[str, int]], partial: bool, late: bool
    ) -> None:
        claim, case = self._one(number, lambda one: one.state in ("submitted", "under_review"))
        asked_for = tuple(wanted)
        event = approved(claim, *asked_for, by=PEOPLE[name], partial=partial, id=self._id())
        self._tell(
            event, lambda: self.model.approve(case, name, asked_for, partial=partial), late=late
        )

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone, name=people, late=seldom)
    def deny(self, *, number: int, name: str, late: bool) -> None:
        claim, case = self._one(number)
        event = denied(claim, by=PEOPLE[name], id=self._id())
        self._tell(event, lambda: self.model.deny(case, name), late=late)

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone, name=people)
    def close(self, number: int, name: str) -> None:
        claim, case = self._one(number)
        event = msgspec.structs.replace(closed(claim, by=PEOPLE[name]), id=self._id())
        self._tell(event, lambda: self.model.close(case), late=False)

    @precondition(lambda self: len(self.model.cases) < 4)
    @rule(photo=photos, name=people)
    def file_and_review(self, photo: str, name: str) -> None:
        """One that has all it needs, and is looked at."""
        issue = "dark" if self.number % 2 else "noise"
        self.file(unit=1, issue=issue, photo=photo, reference=None, covered=True, late=False)
        self.review(number=5 * (len(self.model.cases) - 1) + 5 * 60, name=name)

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone)
    def take_photo_out(self, number: int) -> None:
        self.settle(number=number, piece=0, good=False)

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone, name=people)
    def ask_and_answer(self, number: int, name: str) -> None:
        self.ask(number=number, name=name)
        self.answer(number=number, late=False)

    @precondition(lambda self: self.model.cases)
    @rule(number=anyone, name=people, kind=kinds, amount=amounts, partial=st.booleans())
    def approve_one_thing(
        self, *, number: int, name: str, kind: str, amount: int, partial: bool
    ) -> None:
        self.approve(number=number, name=name, wanted=[(kind, amount)], partial=partial, late=False)

    # What was asked of others

    @precondition(lambda self: any(case.deeds for case in self.model.cases))
    @rule(number=anyone)
    def end_all(self, number: int) -> None:
        for which in range(2):
            self.end(number=number, which=which, done=True, late=False)

    def _deed(self, number: int, which: int) -> tuple[str, Case, int] | None:
        claim, case = self._one(number, lambda one: one.deeds and one.state != "resolved")
        effects = [one for one in self.story.effects if one.claim == claim]
        if not effects:
            return None
        which %= len(effects)
        return effects[which].id, case, which

    @precondition(lambda self: any(case.deeds for case in self.model.cases))
    @rule(number=anyone, which=anyone, stage=st.integers(0, 3), late=seldom)
    def stages(self, *, number: int, which: int, stage: int, late: bool) -> None:
        found = self._deed(number, which)
        if found is None:
            return
        effect, case, place = found
        event = reported(effect, STAGES[stage], by=f"workshop-{self._id()}")
        self._tell(event, lambda: self.model.stages(case, place, stage), late=late)

    @precondition(lambda self: any(case.deeds for case in self.model.cases))
    @rule(number=anyone, which=anyone, done=st.sampled_from([True, True, False]), late=seldom)
    def end(self, *, number: int, which: int, done: bool, late: bool) -> None:
        found = self._deed(number, which)
        if found is None:
            return
        effect, case, place = found
        new: Doc = {"serial": f"NEW-{effect}"} if done else {}
        event = reported(effect, "done" if done else "failed", by=f"workshop-{self._id()}", **new)
        self._tell(event, lambda: self.model.end(case, place, done=done), late=late)

    # Late and again

    @precondition(lambda self: self.late)
    @rule(which=anyone)
    def arrive(self, which: int) -> None:
        event, modelled = self.late.pop(which % len(self.late))
        self._deliver(event, modelled)

    @precondition(lambda self: self.sent)
    @rule(which=anyone)
    def again(self, which: int) -> None:
        """What was told before changes nothing, and is answered as it was."""
        event = self.sent[which % len(self.sent)]
        before, said = self._now(), len(self.story.said)
        self.story.given(event)
        assert (self._now(), len(self.story.said)) == (before, said)

    def _now(self) -> list[object]:
        by_id = {one.id: one for one in self.story.claims}
        effects = self.story.effects
        return [
            (
                by_id[claim].state,
                [(one.kind, one.state) for one in effects if one.claim == claim],
            )
            for claim in self.claims
        ]

    @invariant()
    def both_say_the_same(self) -> None:
        modelled = [
            (case.state, [(one.kind, one.state) for one in case.deeds]) for case in self.model.cases
        ]
        assert self._now() == modelled

    def teardown(self) -> None:
        """No illegal transition, none left out, and each effect asked for once."""
        told: dict[str, list[ClaimMoved]] = {}
        for fact in self.story.said:
            if isinstance(fact, ClaimMoved):
                told.setdefault(fact.claim, []).append(fact)
        for steps in told.values():
            for fact in steps:
                step = (fact.before or "new", fact.TYPE.split(".")[1])
                assert step[1] in LEGAL[step[0]]
                taken[step] += 1
            assert all(a.TYPE.split(".")[1] == b.before for a, b in pairwise(steps))
        asked_for = Counter(
            fact.effect for fact in self.story.said if isinstance(fact, EffectAsked)
        )
        assert set(asked_for.values()) <= {1}
        wanted = {
            one.id
            for one in self.story.effects
            if one.reason not in {"stock_unknown", "out_of_stock"}
        }
        assert set(asked_for) == wanted


@pytest.mark.timeout(3_600)
def test_whatever_happens_ends_as_the_model_says() -> None:
    taken.clear()
    run(
        Claims,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=60,
            deadline=None,
            # So that what is rare is as often there tomorrow.
            derandomize=HISTORIES <= 1000,
            database=None,
            # A history of sixty steps takes minutes to be made shorter.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    legal = {(before, after) for before, afters in LEGAL.items() for after in afters}
    rare = {step: taken[step] for step in legal if taken[step] < OFTEN}
    assert set(taken) <= legal
    if HISTORIES >= 1000:
        assert rare == {}
