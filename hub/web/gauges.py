"""What the figures mean: how well each stands, in plain words, and what to do where it does not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hub.web.figures import Platform
from hub.web.words import number, span

LATE_SECONDS, TOO_LATE_SECONDS = 5, 30
RETRY_SECONDS, HELD_SECONDS = 900, 3600
BEHIND = 2_000


class Level(StrEnum):
    """How much a figure asks of whoever looks at it."""

    FINE = "fine"
    LOOK = "look"
    ACT = "act"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure."""

    id: str
    label: str
    value: str
    level: Level
    about: str
    """What it counts."""
    beside: str = ""
    """A second figure or a word on the first."""
    says: str = ""
    """What is the matter; no figures, for it is read out when it changes."""
    do: str = ""
    """What to do about it."""
    command: str = ""
    page: str = ""
    """Where what it counts is listed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All gauges in one sentence."""

    level: Level
    title: str
    matters: Sequence[Gauge]
    """The worst first."""

    @property
    def said(self) -> str:
        """For whoever hears the page: what is the matter, without figures."""
        return "; ".join([self.title, *(one.says for one in self.matters)])


def gauges(now: Platform) -> list[Gauge]:
    """Every gauge of the board, in its order."""
    return [gauge(now) for gauge in GAUGES]


def verdict(all_gauges: Sequence[Gauge]) -> Verdict:
    """What the gauges say together."""
    matters = sorted(
        (one for one in all_gauges if one.level is not Level.FINE),
        key=lambda one: -one.level.rank,
    )
    acts = sum(one.level is Level.ACT for one in matters)
    if acts:
        title = "Something needs a person" if acts == 1 else f"{acts} things need a person"
        return Verdict(Level.ACT, title, matters)
    if matters:
        return Verdict(Level.LOOK, "All goes on, but have a look", matters)
    return Verdict(Level.FINE, "All is well", matters)


def _unaccounted(now: Platform) -> Gauge:
    count = abs(now.unaccounted) + abs(now.raw_unaccounted)
    return Gauge(
        "unaccounted",
        "Unaccounted",
        number(count),
        Level.ACT if count else Level.FINE,
        "Events taken in that are in no outcome, and payloads that are in none. It is always 0.",
        says="events are in no outcome" if count else "",
        do="Keep the database as it is, run this and keep what it prints:",
        command="hub verify",
    )


def _lag(now: Platform) -> Gauge:
    about = (
        "How long the oldest undecided event has waited on Kafka, and how many wait. "
        "Events wait there safely, however long it takes."
    )
    if now.waiting is None or now.lag_seconds is None:
        return Gauge(
            "lag",
            "Lag",
            "?",
            Level.LOOK,
            about,
            says="Kafka does not answer, so nobody knows what waits there",
            do="What is decided stays decided. Look at the brokers, then run:",
            command="hub doctor",
        )
    level = Level.FINE
    if now.lag_seconds >= LATE_SECONDS:
        level = Level.ACT if now.lag_seconds >= TOO_LATE_SECONDS else Level.LOOK
    return Gauge(
        "lag",
        "Lag",
        span(now.lag_seconds),
        level,
        about,
        beside=f"{number(now.waiting)} waiting",
        says="decisions are late" if level is not Level.FINE else "",
        do="Is a worker running (hub process)? This tells which partition and why:",
        command="hub doctor",
    )


def _stopped(now: Platform) -> Gauge:
    count = len(now.stopped)
    if not now.partitions:
        return Gauge(
            "stopped",
            "Partitions",
            "none",
            Level.ACT,
            "Parts of the intake topic that somebody decides.",
            says="nobody has ever decided anything",
            do="Start a worker:",
            command="hub process",
        )
    return Gauge(
        "stopped",
        "Stopped partitions",
        number(count),
        Level.ACT if count else Level.FINE,
        "Parts of the intake topic that stand still until a person acts, because going on would "
        "be wrong: another cluster, newer code, or too many faults.",
        beside=f"of {number(now.partitions)}",
        says="a partition stands still: " + "; ".join(now.stopped) if count else "",
        do="Read the reason, mend it, and look again with:",
        command="hub doctor",
    )


def _held(now: Platform) -> Gauge:
    held, age = now.outcomes["held"], now.ages["held"]
    old = age >= HELD_SECONDS
    return Gauge(
        "held",
        "Held orders",
        number(now.held_keys),
        Level.LOOK if old else Level.FINE,
        "Orders in which an event is retried or lies dead: their later events wait behind it, so "
        "that nothing is decided out of order. All other orders go on.",
        beside=f"{number(held)} events wait",
        says="an order has been held for long" if old else "",
        do="Find the item they wait behind:",
        command="hub items --state held",
        page="/items?state=held",
    )


def _retrying(now: Platform) -> Gauge:
    count, old = now.outcomes["retrying"], now.ages["retrying"] >= RETRY_SECONDS
    return Gauge(
        "retrying",
        "Retrying",
        number(count),
        Level.LOOK if old else Level.FINE,
        "Events that met something outside that was away. They are tried again by themselves.",
        beside=f"oldest {span(now.ages['retrying'])}" if count else "",
        says="something outside has been away for long" if old else "",
        do="See what is away; once it is back they go on by themselves:",
        command="hub items --state retrying",
        page="/items?state=retrying",
    )


def _dead(now: Platform) -> Gauge:
    count = now.outcomes["dead_lettered"]
    return Gauge(
        "dead_lettered",
        "Dead letters",
        number(count),
        Level.ACT if count else Level.FINE,
        "Events that could not be decided and wait for a person: no valid event, or a fault of "
        "ours. Their order is held meanwhile, unless nobody could tell which it is.",
        beside=f"oldest {span(now.ages['dead_lettered'])}" if count else "",
        says="dead letters wait for a person" if count else "",
        do="See why, then hub redrive (once mended) or hub give-up (with a reason):",
        command="hub items --state dead_lettered",
        page="/items?state=dead_lettered",
    )


def _parked(now: Platform) -> Gauge:
    count = now.landed["parked"]
    return Gauge(
        "parked",
        "Parked records",
        number(count),
        Level.LOOK if count else Level.FINE,
        "Payloads that landed and could not be translated. They are kept as they came and are "
        "translated again once the mapping is mended.",
        says="records could not be translated" if count else "",
        do="See what they say, mend the mapping and translate them again:",
        command="hub items --state parked",
        page="/items?state=parked",
    )


def _untranslated(now: Platform) -> Gauge:
    waiting = now.raw_waiting
    return Gauge(
        "untranslated",
        "To translate",
        "?" if waiting is None else number(waiting),
        Level.LOOK if (waiting or 0) > BEHIND else Level.FINE,
        "Payloads that landed and are not translated yet. Bulk waits on purpose while people are "
        "being answered.",
        beside=f"{number(now.landed['translated'])} translated",
        says="payloads pile up before their translation" if (waiting or 0) > BEHIND else "",
        do="Is a translator running?",
        command="hub doctor",
    )


def _views(now: Platform) -> Gauge:
    behind = max((one.behind for one in now.projected), default=0)
    late = behind > BEHIND or now.trail_seconds > TOO_LATE_SECONDS
    return Gauge(
        "views",
        "Views behind",
        number(behind),
        Level.LOOK if late else Level.FINE,
        "Status events that the slowest read model does not show yet, and how late the trail is, "
        "from which events are listed and found. Decisions themselves are readable at once.",
        beside=f"trail {span(now.trail_seconds)}",
        says="a view is far behind what was decided" if late else "",
        do="Is the projector running (hub project)? Its log says what it waits for.",
        command="hub doctor",
    )


GAUGES: Sequence[Callable[[Platform], Gauge]] = (
    _lag,
    _dead,
    _held,
    _retrying,
    _parked,
    _untranslated,
    _views,
    _stopped,
    _unaccounted,
)
