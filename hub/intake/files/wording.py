"""What a person reads of one line of a file: its answer in words."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.sdk import Fault, Translated
from hub.intake.files.reading import Reading
from hub.ledger.submit import Answer
from hub.sdk.events import Outcome
from schemas.events.sale import SaleRecorded, SaleReturned

WORDS = {
    Outcome.APPLIED: "accepted",
    Outcome.DEDUPLICATED: "duplicate",
    Outcome.REJECTED: "rejected",
    Outcome.EARLY: "early",
    Outcome.GIVEN_UP: "given up",
    Outcome.DEAD_LETTERED: "set aside",
}
WAITING = "waiting"
UNREADABLE = "unreadable"
READABLE = "readable"
IGNORED = "ignored"
ATTENTION = (
    "set aside",
    "given up",
    UNREADABLE,
    "rejected",
    WAITING,
    "early",
    "accepted",
    "duplicate",
    IGNORED,
)


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What became of one line of the file."""

    line: int
    word: str
    detail: str = ""
    code: str = ""
    """Of the reason, where there is one."""
    warranties: tuple[str, ...] = ()
    event: str = ""
    """The event made from the line; its trace is found under this id."""

    def __str__(self) -> str:
        """As it is printed."""
        said = f"{self.code}: {self.detail}" if self.code else self.detail
        what = " ".join(filter(None, (", ".join(self.warranties), said)))
        return f"line {self.line:<4} {self.word:<10} {what}".rstrip()


@dataclass(frozen=True, slots=True)
class Said:
    """What a line is told beside its word."""

    detail: str = ""
    code: str = ""
    warranties: tuple[str, ...] = ()


def unreadable(fault: Fault, line: int) -> LineAnswer:
    """A line that never became an event."""
    return LineAnswer(fault.line or line, UNREADABLE, fault.message, fault.code)


def answered(reading: Reading, answers: Sequence[Answer]) -> Iterator[LineAnswer]:
    """What each line of a record is told, in the order of the file."""
    lines = [*_no_event(reading)]
    for (event, _), answer in zip(reading.events, answers, strict=True):
        lines += decided(event, answer)
    by_line: defaultdict[int, list[LineAnswer]] = defaultdict(list)
    for line in lines:
        by_line[line.line].append(line)
    for _, of_line in sorted(by_line.items()):
        yield of_line[0] if len(of_line) == 1 else _together(of_line)


def _together(lines: list[LineAnswer]) -> LineAnswer:
    """A line that became several events is told once, with the word that asks for most attention."""
    first = min(lines, key=lambda one: ATTENTION.index(one.word))
    return replace(
        first,
        detail="; ".join(filter(None, (one.detail for one in lines))),
        warranties=tuple(warranty for one in lines for warranty in one.warranties),
    )


def readable(reading: Reading) -> Iterator[LineAnswer]:
    """What a dry run tells of a record."""
    yield from _no_event(reading)
    for event, _ in reading.events:
        yield from would_send(event)


def _no_event(reading: Reading) -> Iterator[LineAnswer]:
    yield from (unreadable(fault, reading.record.line) for fault in reading.faults)
    if reading.meaningless:
        yield LineAnswer(reading.record.line, IGNORED, reading.meaningless)


def would_send(event: Translated) -> Iterator[LineAnswer]:
    """What a dry run tells of an event."""
    fact = event.fact
    for of_fact, line in event.lines:
        if isinstance(fact, SaleRecorded):
            units = next(sold.quantity for sold in fact.lines if sold.line == of_fact)
            what = f"sale {fact.order.reference}, line {of_fact}: {units} sold at {event.time}"
        elif isinstance(fact, SaleReturned):
            what = f"return under {fact.order.reference} at {event.time}"
        else:
            what = f"{fact.TYPE} at {event.time}"
        yield LineAnswer(line, READABLE, what)
    yield from _repeats(event)


def decided(event: Translated, answer: Answer) -> Iterator[LineAnswer]:
    """What was decided, line by line of the file."""
    word = WORDS.get(answer.outcome, WAITING) if answer.outcome else WAITING
    told: Any = json.loads(answer.text) if answer.text else None
    said = _said(event, answer, told if isinstance(told, dict) else {})
    for of_fact, line in event.lines:
        one = said[of_fact]
        yield LineAnswer(line, word, one.detail, one.code, one.warranties, event.id)
    yield from _repeats(event)


def _repeats(event: Translated) -> Iterator[LineAnswer]:
    for line, first in event.repeats.items():
        what = f"says again what line {first} says"
        yield LineAnswer(line, WORDS[Outcome.DEDUPLICATED], what, event=event.id)


def _said(event: Translated, answer: Answer, told: Mapping[str, Any]) -> Mapping[str | None, Said]:
    if "warranties" in told:
        return _warranties(told["warranties"])
    if "ended" in told:
        ended = tuple(told["ended"])
        said = Said("return ends this" if ended else "return ends no warranty", warranties=ended)
        return defaultdict(lambda: said)
    if "reasons" in told:
        return _reasons(event, told["reasons"])
    if detail := _catalogued(told) or _waits(told):
        return _same(detail)
    outcome = answer.outcome
    if outcome is None:
        return _same("no answer yet; give the same file again to hear it")
    return _same(_undecided(outcome, str(told.get("reason") or "")))


def _catalogued(told: Mapping[str, Any]) -> str:
    """What became of a product, a category or a movement."""
    for kind in ("product", "category"):
        if kind in told:
            one = told[kind]
            stays = "; what was described later stays" if one.get("stale") else ""
            return f"{kind} {one['code']}, version {one['version']}{stays}"
    if "movement" in told:
        one = told["movement"]
        return f"{one['quantity']:+} {one['product']} at {one['branch']}"
    return ""


def _waits(told: Mapping[str, Any]) -> str:
    reason = told.get("waits_for")
    return f"waits: {reason}; it is kept and tried again" if reason is not None else ""


def _same(detail: str, code: str = "") -> defaultdict[str | None, Said]:
    said = Said(detail, code)
    return defaultdict(lambda: said)


def _undecided(outcome: Outcome, reason: str) -> str:
    if outcome is Outcome.GIVEN_UP:
        return "a person ended it undecided" + (f": {reason}" if reason else "")
    text = reason or outcome.value.replace("_", " ")
    if outcome is Outcome.DEAD_LETTERED:
        return f"{text}; it is kept: look at it with `hub items --state dead_lettered`"
    return f"{text}; it is kept and tried again: look at it with `hub items`"


def _warranties(warranties: list[dict[str, Any]]) -> Mapping[str | None, Said]:
    ids: defaultdict[str | None, list[str]] = defaultdict(list)
    spans: dict[str | None, str] = {}
    for one in warranties:
        ids[one["line"]].append(one["id"] or "not yet known")
        spans[one["line"]] = f"{one['status']} {one['starts_on']} … {one['ends_on']}"
    found = {line: Said(spans[line], warranties=tuple(of_line)) for line, of_line in ids.items()}
    return defaultdict(Said, found)


def _reasons(event: Translated, reasons: list[dict[str, Any]]) -> Mapping[str | None, Said]:
    """A refusal is of the whole order; a line that is not to blame says which one is."""
    blamed: defaultdict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for reason in reasons:
        blamed[reason.get("line")].append(reason)
    lines = dict(event.lines)
    guilty = [str(lines[line]) for line in blamed if line is not None and line in lines]
    if None in blamed:
        other = _blame(blamed.pop(None))
    elif guilty:
        other = Said(f"with its order, for the reason at line {', '.join(guilty)}")
    else:
        other = _blame(reasons)
    return defaultdict(lambda: other, {line: _blame(found) for line, found in blamed.items()})


def _blame(reasons: list[dict[str, Any]]) -> Said:
    """The code of the first; the others stand with their codes in the detail."""
    first, *others = reasons
    rest = [f"{reason['code']}: {reason['message']}" for reason in others]
    return Said("; ".join([first["message"], *rest]), first["code"])
