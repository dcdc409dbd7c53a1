"""Whether a unit is covered on a day, and whose it is then: the past as it is known now."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Literal

import msgspec

from hub.domain.by_hand import Decided
from hub.domain.owners import Transfer, owner
from hub.domain.reports import REGISTRATION, SALE, Report, in_force
from hub.domain.rulings import Ruling

Reason = Literal["covered", "not_begun", "expired", "returned", "ended"]
Basis = Literal["policy", "report", "override"]


class History(msgspec.Struct, frozen=True, gc=False):
    """What of a unit's stored document tells of its past."""

    id: str
    status: Literal["covered", "ended"]
    product: str
    starts_on: date
    ends_on: date
    reports: tuple[Report, ...]
    serial: str | None = None
    ended_on: date | None = None
    returned_by: tuple[str, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    decisions: tuple[Decided, ...] = ()
    extended_until: date | None = None
    transfers: tuple[Transfer, ...] = ()

    @property
    def last_day(self) -> date:
        """The last covered day, before which it may have ended for a while and been reinstated."""
        if self.ended_on is None:
            return self.ends_on
        return min(self.ends_on, self.ended_on - timedelta(days=1))


class Grounds(msgspec.Struct, frozen=True, gc=False):
    """What decided how long a unit is covered."""

    basis: Basis
    """`report`: its period was sold with it, or is the merchant's default."""
    ruling: Ruling | None = None
    period: Literal["standard", "extended"] = "standard"
    type: str | None = None
    """Of the cover, where a policy says it."""
    override: str | None = None


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How a unit stands on a day."""

    reason: Reason
    owner: str | None
    """Nobody's before it was sold and once it came back."""
    grounds: Grounds

    @property
    def covered(self) -> bool:
        """Whether it is covered."""
        return self.reason == "covered"


def standing(history: History, day: date) -> Standing:
    """How a unit stands on a day of its merchant's calendar; its first and last day are covered."""
    reason = _reason(history, day)
    whose = None
    if reason != "not_begun" and not (history.returned_by and _is_over(history, day)):
        whose = owner(in_force(history.reports).customer, history.transfers, day)
    return Standing(reason, whose, _grounds(history, day))


def on_day(histories: Iterable[History], day: date) -> Iterator[tuple[History, Standing]]:
    """For each product that such units are of, the one that answers for a day.

    That is the one covered then; else the last that had begun, else the first to begin. What was
    never sold, as whoever said so took it back, answers for nothing.
    """
    by_product: dict[str, list[History]] = {}
    for history in sorted(histories, key=lambda one: (one.product, one.starts_on, one.id)):
        if history.reports:
            by_product.setdefault(history.product, []).append(history)
    for units in by_product.values():
        stand = [(unit, standing(unit, day)) for unit in units]
        begun = [one for one in stand if one[1].reason != "not_begun"]
        covered = [one for one in begun if one[1].covered]
        yield (covered or begun or stand[:1])[-1]


def _reason(history: History, day: date) -> Reason:
    """Of what ended it, whatever came first."""
    if day < history.starts_on:
        return "not_begun"
    if _is_over(history, day) and history.last_day < history.ends_on:
        return "returned" if history.returned_by else "ended"
    if day > history.ends_on:
        return "expired"
    stopped = any(since <= day < until for since, until in _gaps(history))
    return "ended" if stopped else "covered"


def _is_over(history: History, day: date) -> bool:
    return history.ended_on is not None and day >= history.ended_on


def _gaps(history: History) -> Iterator[tuple[date, date]]:
    """While it had been ended by hand, until it was reinstated."""
    since = None
    for decided in history.decisions:
        if decided.change == "end":
            since = decided.on
        elif decided.change == "reinstate" and since is not None:
            yield since, decided.on
            since = None


def _grounds(history: History, day: date) -> Grounds:
    force = in_force(history.reports)
    if history.ends_on > force.ends_on and day > force.ends_on:
        granted = (one.override for one in history.decisions if one.until == history.ends_on)
        return Grounds("override", override=next(granted, None))
    sold = [report for report in history.reports if report.by == SALE]
    registered = any(report.by == REGISTRATION for report in history.reports)
    found = [
        _by_policy(ruling, day, extends=registered and bool(sold))
        for ruling in _rulings(history, sold or history.reports)
    ]
    fitting = [grounds for end, grounds in found if end == force.ends_on]
    return fitting[0] if fitting else Grounds("report")


def _rulings(history: History, reports: Sequence[Report]) -> list[Ruling]:
    told = {(report.event, report.line) for report in reports}
    return [one for one in history.rulings if (one.event, one.line) in told]


def _by_policy(ruling: Ruling, day: date, *, extends: bool) -> tuple[date, Grounds]:
    longer = ruling.extended if extends else None
    if longer is not None and day > ruling.ends_on:
        return longer.ends_on, Grounds("policy", ruling, "extended", longer.type)
    period: Literal["standard", "extended"] = (
        "extended" if ruling.rule.endswith("/extended") else "standard"
    )
    end = longer.ends_on if longer else ruling.ends_on
    return end, Grounds("policy", ruling, period, ruling.type)
