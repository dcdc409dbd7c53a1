"""What a person reads of one line of a file: its answer in words."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.sdk import Fault, Translated
from hub.ledger.submit import Answer
from hub.sdk.events import Outcome
from schemas.events.sale import SaleRecorded, SaleReturned

WORDS = {
    Outcome.APPLIED: "accepted",
    Outcome.DEDUPLICATED: "repeat",
    Outcome.REJECTED: "rejected",
    Outcome.EARLY: "early",
    Outcome.GIVEN_UP: "given up",
    Outcome.DEAD_LETTERED: "set aside",
}
WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What became of one line of the file."""

    line: int
    word: str
    detail: str

    def __str__(self) -> str:
        """As it is printed."""
        return f"line {self.line:<4} {self.word:<10} {self.detail}".rstrip()


def unreadable(fault: Fault, line: int) -> LineAnswer:
    """A line that never became an event."""
    return LineAnswer(fault.line or line, "unreadable", f"{fault.code}: {fault.message}")


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
        yield LineAnswer(line, "readable", what)
    yield from _repeats(event)


def decided(event: Translated, answer: Answer) -> Iterator[LineAnswer]:
    """What was decided, line by line of the file."""
    word = WORDS.get(answer.outcome, WAITING) if answer.outcome else WAITING
    told: Any = json.loads(answer.text) if answer.text else None
    details = _details(event, answer, told if isinstance(told, dict) else {})
    for of_fact, line in event.lines:
        yield LineAnswer(line, word, details[of_fact])
    yield from _repeats(event)


def _repeats(event: Translated) -> Iterator[LineAnswer]:
    for line, first in event.repeats.items():
        yield LineAnswer(line, WORDS[Outcome.DEDUPLICATED], f"says again what line {first} says")


def _details(
    event: Translated, answer: Answer, told: Mapping[str, Any]
) -> Mapping[str | None, str]:
    if "warranties" in told:
        return _warranties(told["warranties"])
    if "ended" in told:
        ended = ", ".join(told["ended"]) or "no warranty"
        return defaultdict(lambda: f"return ends {ended}")
    if "reasons" in told:
        return _reasons(event, told["reasons"])
    if "waits_for" in told:
        return defaultdict(lambda: f"waits: {told['waits_for']}; it is kept and tried again")
    outcome = answer.outcome
    if outcome is None:
        return defaultdict(lambda: "no answer yet; run the same command again to hear it")
    return defaultdict(lambda: _undecided(outcome, str(told.get("reason") or "")))


def _undecided(outcome: Outcome, reason: str) -> str:
    if outcome is Outcome.GIVEN_UP:
        return "a person ended it undecided" + (f": {reason}" if reason else "")
    text = reason or outcome.value.replace("_", " ")
    if outcome is Outcome.DEAD_LETTERED:
        return f"{text}; it is kept: look at it with `hub items --state dead_lettered`"
    return f"{text}; it is kept and tried again: look at it with `hub items`"


def _warranties(warranties: list[dict[str, Any]]) -> Mapping[str | None, str]:
    texts: defaultdict[str | None, list[str]] = defaultdict(list)
    spans: dict[str | None, str] = {}
    for one in warranties:
        texts[one["line"]].append(one["id"] or "not yet known")
        spans[one["line"]] = f" {one['status']} {one['starts_on']} … {one['ends_on']}"
    return defaultdict(str, {line: ", ".join(ids) + spans[line] for line, ids in texts.items()})


def _reasons(event: Translated, reasons: list[dict[str, Any]]) -> Mapping[str | None, str]:
    """A refusal is of the whole order; a line that is not to blame says which one is."""
    blamed: defaultdict[str | None, list[str]] = defaultdict(list)
    for reason in reasons:
        blamed[reason.get("line")].append(f"{reason['code']}: {reason['message']}")
    whole = "; ".join(blamed.get(None, ()))
    lines = dict(event.lines)
    guilty = [str(lines[line]) for line in blamed if line is not None and line in lines]
    other = whole or f"with its order, for the reason at line {', '.join(guilty)}"
    if not whole and not guilty:
        other = "; ".join(text for texts in blamed.values() for text in texts)
    return defaultdict(lambda: other, {k: "; ".join(v) for k, v in blamed.items() if k is not None})
