"""Whether every effect is there exactly once and in order: on the status topic and in the rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from .findings import Findings
from .sent import Expected
from .wire import Told, Wire

ACTIVATED = "warranty.activated.v1"
LINKED = "warranty.linked.v1"
ENDED = "warranty.ended.v1"


class Stream:
    """The status stream by unit: which warranty is which unit, and what was said of it in order."""

    def __init__(self, told: Iterable[Told]) -> None:
        self.units: dict[str, str] = {}
        self.activated: Counter[str] = Counter()
        self.said: dict[str, list[str]] = defaultdict(list)
        self.reports: set[tuple[str, str]] = set()
        self._nameless: Counter[tuple[str, str]] = Counter()
        for event in told:
            self._take(event)

    def _take(self, event: Told) -> None:
        if event.type not in (ACTIVATED, LINKED, ENDED):
            return
        warranty = event.fact["warranty"]
        self.said[warranty].append(event.type)
        if event.type == ACTIVATED:
            key = self._key(event.fact)
            self.units.setdefault(warranty, key)
            self.activated[key] += 1
        if event.type != ENDED and warranty in self.units:
            order = event.fact.get("order")
            report = order["reference"] if order else "registration"
            self.reports.add((self.units[warranty], report))

    def _key(self, fact: Mapping[str, Any]) -> str:
        product, serial = fact["product"]["code"], fact.get("serial")
        if serial:
            return f"serial/{product}/{serial}"
        place = (fact["order"]["reference"], product) if fact.get("order") else ("", product)
        self._nameless[place] += 1
        return f"order/{place[0]}/{place[1]}/{self._nameless[place] - 1}"


def check_wire(wire: Wire, findings: Findings) -> None:
    """No gap, no number used twice, no event under two numbers."""
    for partition, highest in wire.highest.items():
        missing = highest - wire.last.get(partition, 0)
        if missing:
            after = wire.last.get(partition, 0)
            findings.add("lost", f"status[{partition}] has a gap after seq {after}", missing)
    for what in wire.diverged:
        findings.add("duplicated", what)
    for what in wire.unreadable:
        findings.add("lost", what)
    for event, count in Counter(event.id for event in wire.told).items():
        if count > 1:
            findings.add("duplicated", f"{event} stands under {count} numbers", count - 1)


def check_stream(expected: Expected, stream: Stream, findings: Findings) -> None:
    """Each unit activated once; each returned one ended once, and after it was activated."""
    for key in expected.covered - stream.activated.keys():
        findings.add("lost", f"{key} was never activated on the status topic")
    for key, count in stream.activated.items():
        if key not in expected.covered and key not in expected.optional:
            findings.add(*_surplus(key, expected, "was activated"), count)
        elif count > 1:
            findings.add("duplicated", f"{key} was activated {count} times", count - 1)
    for warranty, said in stream.said.items():
        if warranty in stream.units:
            _check_end(stream.units[warranty], said, expected, findings)
        else:
            findings.add("lost", f"{warranty} is spoken of but was never activated")
    ended = {key for warranty, key in stream.units.items() if ENDED in stream.said[warranty]}
    for key in (expected.ended - ended) & stream.activated.keys():
        findings.add("lost", f"{key} was returned but never ended on the status topic")
    for key, report in expected.told - stream.reports:
        # A unit that has ended takes a further report in silence.
        if key in stream.activated and key not in expected.ended:
            findings.add("lost", f"{key} was never connected with {report}")


def _check_end(key: str, said: list[str], expected: Expected, findings: Findings) -> None:
    ends = said.count(ENDED)
    if ends and key not in expected.ended and key not in expected.optional:
        findings.add("ghosts", f"{key} was ended but never returned", ends)
    elif ends > 1:
        findings.add("duplicated", f"{key} was ended {ends} times", ends - 1)
    if ends and said.index(ENDED) < said.index(ACTIVATED):
        findings.add("reordered", f"{key} was ended before it was activated")


def _surplus(key: str, expected: Expected, what: str) -> tuple[str, str]:
    """A further unit of a known line is a double; one that nobody told of is a ghost."""
    line = key.rsplit("/", 1)[0] + "/0"
    if key.startswith("order/") and line in expected.covered:
        return "duplicated", f"{key} {what}, beyond the quantity sold"
    return "ghosts", f"{key} {what}, but nobody was told it was sold"


def check_order(expected: Expected, wire: Wire, findings: Findings) -> None:
    """Within an order, what was sent first takes effect first."""
    reached: dict[str, tuple[int, str]] = {}
    for event in wire.told:
        cause = expected.events.get(event.cause)
        if cause is None or not cause.places or cause.group in expected.unordered:
            continue
        _, offset = cause.places[0]
        before, first = reached.get(cause.group, (-1, ""))
        if offset < before:
            findings.add("reordered", f"{cause.group}: {cause.id} took effect after {first}")
        else:
            reached[cause.group] = (offset, cause.id)


def check_rows(expected: Expected, stream: Stream, rows: Iterable[Any], findings: Findings) -> None:
    """Each unit is one row, with the right status and under the id the world was told."""
    found: dict[str, list[Any]] = defaultdict(list)
    nameless: Counter[tuple[str, str]] = Counter()
    for row in rows:
        key = stream.units.get(row["id"], "")
        if not key:
            key = _row_key(row, nameless)
            findings.add("lost", f"row {row['id']} ({key}) was never announced")
        found[key].append(row)
    for key in expected.covered - found.keys():
        findings.add("lost", f"{key} has no row")
    for key, units in found.items():
        if key not in expected.covered and key not in expected.optional:
            findings.add(*_surplus(key, expected, "has a row"), len(units))
            continue
        if len(units) > 1:
            findings.add("duplicated", f"{key} has {len(units)} rows", len(units) - 1)
        status = "ended" if key in expected.ended else "covered"
        if units[0]["status"] != status and key not in expected.optional:
            findings.add("lost", f"{key} is {units[0]['status']} in its row, should be {status}")


def _row_key(row: Any, nameless: Counter[tuple[str, str]]) -> str:
    if row["serial"]:
        return f"serial/{row['product']}/{row['serial']}"
    nameless[row["order_reference"], row["product"]] += 1
    index = nameless[row["order_reference"], row["product"]] - 1
    return f"order/{row['order_reference']}/{row['product']}/{index}"
