"""A small model of claims, written apart from the hub's own rules.

It knows two units of one product, one policy of each kind, two people who decide, and what each
source may tell. Whatever happens is settled before the next thing does. `taken` says whether the
hub has to take it.
"""

from dataclasses import dataclass, field

MANAGER_LIMIT, OWNER_LIMIT, FOUR_EYES, PRICE = 5_000, 50_000, 8_000, 10_000
OPEN = ("staged", "submitted", "under_review", "awaiting_info")
GRANTED = ("approved", "partially_approved")


@dataclass(slots=True)
class Deed:
    """Something that a decision asked of somebody."""

    kind: str
    amount: int
    state: str = "requested"
    stage: int = -1


@dataclass(slots=True, eq=False)
class Case:
    """A claim."""

    unit: int
    issue: str
    reference: str | None
    covered: bool
    photos: dict[str, bool] = field(default_factory=dict)
    """Which were shown, and whether they still count."""
    state: str = ""
    half: tuple[str, tuple[tuple[str, int], ...], bool] | None = None
    verdict: tuple[str, str] | None = None
    deeds: list[Deed] = field(default_factory=list)
    failed: bool = False
    """Something it led to failed, and nothing was granted in its place."""
    other: "Case | None" = None
    """That was open of the same unit and issue when it was filed."""

    @property
    def pieces(self) -> list[str]:
        return list(self.photos)


@dataclass(slots=True)
class Model:
    """All there is."""

    sold: list[bool] = field(default_factory=lambda: [False, True])
    moved: list[bool] = field(default_factory=lambda: [False, True])
    gone: list[bool] = field(default_factory=lambda: [False, False])
    """Which were replaced: a second replacement has nothing to close."""
    stock: int = 2
    promised: int = 0
    cases: list[Case] = field(default_factory=list)

    # What systems tell

    def file(self, case: Case) -> bool:
        before = next(
            (c for c in self.cases if case.reference and c.reference == case.reference), None
        )
        if before is not None:
            if (before.unit, before.issue) != (case.unit, case.issue):
                return False
            return self._more(before, case)
        open_one = any(_is_open_twin(c, case) for c in self.cases)
        if open_one and case.reference is None:
            return False
        case.other = next((c for c in self.cases if _is_open_twin(c, case)), None)
        case.state = "staged" if self._lacks(case) else "submitted"
        self.cases.append(case)
        self._rule(case)
        return True

    def _more(self, before: Case, told: Case) -> bool:
        other_day = before.covered != told.covered
        if other_day and before.state not in OPEN:
            return False
        if not self._show(before, told.pieces):
            return False
        before.covered = told.covered
        if other_day:
            self._weigh(before)
        return True

    def show(self, case: Case, photo: str) -> bool:
        return self._show(case, [photo])

    def _show(self, case: Case, photos: list[str]) -> bool:
        new = [photo for photo in photos if photo not in case.photos]
        if new and case.state not in OPEN:
            return False
        for photo in new:
            case.photos[photo] = True
        if new:
            self._weigh(case)
        return True

    def sell(self, unit: int) -> None:
        self.sold[unit] = True
        self._stir(unit)

    def move(self, unit: int) -> None:
        self.moved[unit] = True
        self._stir(unit)

    def answer(self, case: Case) -> bool:
        if case.state not in OPEN:
            return False
        if case.state == "awaiting_info":
            case.state = "under_review"
        self._weigh(case)
        return True

    def withdraw(self, case: Case) -> bool:
        if case.state not in (*OPEN, "cancelled"):
            return False
        case.state, case.half = "cancelled", None
        return True

    def expire(self) -> None:
        for case in self.cases:
            if case.state == "staged" and self._evidence_lacks(case):
                case.state = "cancelled"

    # What people decide

    def settle(self, case: Case, number: int, *, good: bool) -> bool:
        if case.state not in OPEN or number >= len(case.photos):
            return False
        case.photos[case.pieces[number]] = good
        self._weigh(case)
        return True

    def review(self, case: Case) -> bool:
        if case.state not in ("submitted", "under_review"):
            return False
        case.state = "under_review"
        return True

    def ask(self, case: Case) -> bool:
        if case.state not in ("submitted", "under_review", "awaiting_info"):
            return False
        case.state = "awaiting_info"
        return True

    def deny(self, case: Case, who: str) -> bool:
        if case.verdict is not None and case.state in (*GRANTED, "denied", "resolved"):
            return case.verdict == (who, "denied")
        if case.state not in ("staged", "submitted", "under_review"):
            return False
        case.state, case.verdict, case.half = "denied", (who, "denied"), None
        return True

    def approve(
        self, case: Case, who: str, wanted: tuple[tuple[str, int], ...], *, partial: bool
    ) -> bool:
        state = "partially_approved" if partial else "approved"
        again = self._can_be_granted_again(case)
        if (
            case.verdict is not None
            and case.state in (*GRANTED, "denied", "resolved")
            and not again
        ):
            return case.verdict == (who, state)
        if case.state not in ("submitted", "under_review") and not again:
            return False
        if not self._can_be_paid(case, wanted):
            return False
        amount = sum(
            max(cost, PRICE) if kind == "replacement" and self.sold[case.unit] else cost
            for kind, cost in (*wanted, *self._stands(case))
        )
        limit = MANAGER_LIMIT if who == "manager" else OWNER_LIMIT
        if amount > FOUR_EYES or amount > limit:
            if case.half is None or (case.half[0] == who and case.half[1:] != (wanted, partial)):
                case.half = (who, wanted, partial)
                if case.state == "submitted":
                    case.state = "under_review"
                return True
            if case.half[0] == who or case.half[1:] != (wanted, partial):
                return False
        case.half, case.verdict, case.failed = None, (who, state), False
        if not again:
            case.state = state
        self._grant(case, wanted)
        return True

    def _can_be_granted_again(self, case: Case) -> bool:
        return (
            case.state in GRANTED
            and any(one.state == "failed" for one in case.deeds)
            and all(one.state in ("failed", "done") for one in case.deeds)
        )

    def _can_be_paid(self, case: Case, wanted: tuple[tuple[str, int], ...]) -> bool:
        """Never more than was paid for the unit, without a price whatever is said; and one unit for another."""
        if any(kind == "replacement" for kind, _ in wanted) and self._is_replaced(case):
            return False
        refund = sum(cost for kind, cost in wanted if kind == "refund")
        paid = sum(
            one.amount
            for other in self.cases
            if other.unit == case.unit
            for one in other.deeds
            if one.kind == "refund" and one.state != "failed"
        )
        return not refund or not self.sold[case.unit] or refund <= PRICE - paid

    def _stands(self, case: Case) -> list[tuple[str, int]]:
        """What was granted before and has not failed."""
        return [(one.kind, one.amount) for one in case.deeds if one.state != "failed"]

    def _is_replaced(self, case: Case) -> bool:
        mine = (one for other in self.cases if other.unit == case.unit for one in other.deeds)
        return any(one.kind == "replacement" and one.state != "failed" for one in mine)

    def close(self, case: Case) -> bool:
        if case.state == "resolved":
            return True
        if case.state not in (*GRANTED, "denied"):
            return False
        if any(one.state not in ("done", "failed") for one in case.deeds):
            return False
        case.state = "resolved"
        return True

    # What others say of what was asked of them

    def stages(self, case: Case, number: int, stage: int) -> bool:
        """Of a repair: received, diagnosed, repaired, sent back."""
        deed = case.deeds[number]
        if deed.kind != "repair":
            return False
        if deed.state in ("requested", "acknowledged"):
            deed.state, deed.stage = "acknowledged", max(stage, deed.stage)
        return True

    def end(self, case: Case, number: int, *, done: bool) -> bool:
        deed = case.deeds[number]
        after = "done" if done else "failed"
        if deed.state == after:
            return True
        if deed.state == "failed" or (deed.state == "done" and deed.kind == "replacement"):
            return False
        if deed.kind == "replacement":
            self.promised -= 1
            self.gone[case.unit] = self.gone[case.unit] or done
        deed.state = after
        case.failed = case.failed or not done
        self._resolve(case)
        if done and deed.kind == "replacement":
            self._stir(case.unit)
        return True

    # What follows by itself

    def _grant(self, case: Case, wanted: tuple[tuple[str, int], ...]) -> None:
        for kind, amount in wanted:
            deed = Deed(kind, amount)
            case.deeds.append(deed)
            if kind == "replacement":
                if self.stock - self.promised < 1:
                    deed.state, case.failed = "failed", True
                else:
                    self.promised += 1
            if kind == "write_off":
                deed.state = "done"
        self._resolve(case)

    def _resolve(self, case: Case) -> None:
        over = all(one.state in ("done", "failed") for one in case.deeds)
        if case.state in GRANTED and case.deeds and over and not case.failed:
            case.state = "resolved"

    def _evidence_lacks(self, case: Case) -> bool:
        return not self.sold[case.unit] or not any(case.photos.values())

    def _lacks(self, case: Case) -> bool:
        return self._evidence_lacks(case) or not self.moved[case.unit] or not case.covered

    def _stir(self, unit: int) -> None:
        for case in self.cases:
            if case.unit == unit and case.state in ("staged", "submitted", "under_review"):
                self._weigh(case)

    def _weigh(self, case: Case) -> None:
        if case.state == "awaiting_info":
            return
        if case.state == "staged" and not self._lacks(case):
            case.state = "submitted"
        elif case.state in ("submitted", "under_review") and self._lacks(case):
            case.state, case.half = "staged", None
        self._rule(case)

    def _rule(self, case: Case) -> None:
        """One issue is repaired without anybody."""
        twin = case.other is not None and case.other.state not in ("cancelled", "denied")
        if case.issue == "small" and case.state == "submitted" and not twin:
            case.state, case.verdict = "approved", ("hub", "approved")
            self._grant(case, (("repair", 0),))


def _is_open_twin(one: Case, case: Case) -> bool:
    return (one.unit, one.issue) == (case.unit, case.issue) and one.state in OPEN
