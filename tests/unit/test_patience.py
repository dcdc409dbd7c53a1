"""What came too early is tried after every later event and by a timer, until its patience ends."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub.ledger.homes import WAITING_TIMER, Arrival, Home, Inbox, Settled, settle
from hub.sdk.decision import ClearTimer, SetTimer
from hub.sdk.events import AskTenant, Event, Known, Outcome, Tenant, TimerDue
from schemas.base import Fact
from tests.ledger.counter import Counted, World, counter, home_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACME = Tenant("acme", coverage_months=24, patience_days=14)
A_DAY = timedelta(days=1)


@dataclass(slots=True)
class Place:
    """One home, told events at the times they come, and the timer that it asked for."""

    world: World = field(default_factory=World)
    known: Known = field(default_factory=lambda: Known({AskTenant("acme"): ACME}))
    home: Home = field(default_factory=lambda: Home(home_of("a"), "acme", 0, Inbox(), None))
    due_at: datetime | None = None
    rings: list[datetime] = field(default_factory=list)

    def tell(self, event: str, at: datetime, at_least: int = 0, needs: str = "") -> list[Settled]:
        return self._settle(event, Counted(key="a", at_least=at_least, needs=needs), at)

    def until(self, at: datetime) -> list[Settled]:
        """Let the timer ring as often as it does before then; gives what it settled of others."""
        found = []
        while self.due_at is not None and self.due_at <= at:
            now, self.due_at = self.due_at, None
            self.rings.append(now)
            found += self._settle(f"timer/{now}", TimerDue(name=WAITING_TIMER), now)[:-1]
        return found

    def _settle(self, event: str, fact: Fact, at: datetime) -> list[Settled]:
        said = Event(event, fact.TYPE, "acme", "till", at, at, fact, body_hash=event)
        processor = counter("t.", self.world)
        settled = settle(processor, self.home, Arrival(said, len(self.rings)), self.known)
        for change in (change for one in settled for change in one.timers):
            assert change.name == WAITING_TIMER
            self.due_at = change.due_at if isinstance(change, SetTimer) else None
        return settled


def test_it_is_tried_after_each_later_event() -> None:
    place = Place()
    place.tell("third", NOON, at_least=2)
    tries = place.world.tries
    place.tell("first", NOON + A_DAY / 4)
    assert tries == ["third", "first", "third"]
    settled = place.tell("second", NOON + A_DAY / 2)
    assert [one.arrival.event.id for one in settled] == ["second", "third"]
    assert settled[1].before == Outcome.EARLY


def test_it_is_tried_every_day_while_nothing_comes() -> None:
    place = Place()
    place.tell("return", NOON, at_least=1)
    assert place.until(NOON + 3 * A_DAY) == []
    assert place.world.tries == ["return"] * 4
    assert place.rings == [NOON + n * A_DAY for n in (1, 2, 3)]


def test_it_is_rejected_when_its_own_patience_ends_and_not_at_the_end_of_that_day() -> None:
    place = Place()
    place.tell("one", NOON, at_least=1)
    place.until(NOON + A_DAY / 4)
    place.tell("two", NOON + A_DAY / 4, at_least=5)
    one, two = place.until(NOON + 20 * A_DAY)
    assert (one.arrival.event.id, two.arrival.event.id) == ("one", "two")
    assert place.rings[-2:] == [NOON + 14 * A_DAY, NOON + A_DAY / 4 + 14 * A_DAY]
    assert place.due_at is None


def test_the_reason_says_what_never_came() -> None:
    place = Place()
    place.tell("return", NOON, at_least=3)
    (refused,) = place.until(NOON + 20 * A_DAY)
    assert refused.outcome == Outcome.REJECTED
    assert "waits until the counter stands at 3; waited 14 days for it" in refused.reason
    assert b"never_came" in refused.answer


def test_a_later_event_ends_a_patience_that_is_over_too() -> None:
    place = Place()
    place.tell("return", NOON, at_least=3)
    settled = place.tell("sale", NOON + 15 * A_DAY)
    assert [one.outcome for one in settled] == [Outcome.APPLIED, Outcome.REJECTED]


def test_no_timer_is_left_once_nothing_waits() -> None:
    place = Place()
    place.tell("return", NOON, at_least=1)
    settled = place.tell("sale", NOON + A_DAY / 4)
    assert ClearTimer(WAITING_TIMER) in settled[0].timers
    assert place.due_at is None


def test_what_waits_beside_one_that_fails_does_not_overtake_it() -> None:
    place = Place()
    place.world.away.add("stock")
    place.tell("first", NOON, at_least=1, needs="stock")
    place.tell("second", NOON, at_least=1)
    settled = place.tell("sale", NOON + A_DAY / 4)
    assert [one.outcome for one in settled] == [Outcome.APPLIED, Outcome.RETRYING]
    assert [kept.id for kept in place.home.inbox.waiting] == ["second"]
    assert place.due_at == NOON + A_DAY, "so it is tried again, whatever becomes of the first"
