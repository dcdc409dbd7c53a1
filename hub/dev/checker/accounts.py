"""Whether the books balance: offsets and outcomes, what still waits, and the views made of it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .findings import Findings
from .tables import BECAME, OUTCOMES, Tables
from .wire import Wire


def check_accounts(tables: Tables, ends: Mapping[int, int], findings: Findings) -> int:
    """Every offset has an outcome, and none still waits; gives the number that waits."""
    waiting = 0
    known = {owner["part"]: owner for owner in tables.owners}
    for part, end in ends.items():
        if part not in known:
            waiting += end
            if end:
                findings.add("stuck", f"intake[{part}] was never claimed and holds {end}", end)
            continue
        waiting += max(0, end - known[part]["next_offset"])
        _check_owner(known[part], end, findings)
    for item in tables.items:
        place = f"intake[{item['part']}]@{item['offset']}"
        findings.add("stuck", f"{place} {item['event_id']} is {item['state']}: {item['reason']}")
    early = tables.total("early")
    if early:
        findings.add("stuck", f"{early} early events still wait for what they build on", early)
    return waiting


def _check_owner(owner: Any, end: int, findings: Findings) -> None:
    place = f"intake[{owner['part']}]"
    passed = owner["next_offset"] - owner["first_offset"]
    counted = sum(owner[outcome] for outcome in OUTCOMES)
    if passed != counted:
        what = f"{place} passed {passed} offsets but counts {counted} outcomes"
        findings.add("unaccounted", what, abs(passed - counted))
    if owner["next_offset"] < end:
        left = end - owner["next_offset"]
        findings.add("stuck", f"{place} stands at {owner['next_offset']} of {end}", left)
    if owner["next_offset"] > end:
        findings.add("lost", f"{place} claims {owner['next_offset']}, beyond the end {end}")
    if owner["stopped_reason"]:
        findings.add("stuck", f"{place} is stopped: {owner['stopped_reason']}")


def check_landings(tables: Tables, ends: Mapping[int, int], findings: Findings) -> None:
    """Every payload that landed has become something, and none waits."""
    known = {owner["part"]: owner for owner in tables.landings}
    for part, end in ends.items():
        place, owner = f"raw[{part}]", known.get(part)
        if owner is None:
            if end:
                findings.add("stuck", f"{place} was never claimed and holds {end}", end)
            continue
        passed = owner["next_offset"] - owner["first_offset"]
        counted = sum(owner[name] for name in BECAME)
        if passed != counted:
            what = f"{place} passed {passed} offsets but counts {counted}"
            findings.add("unaccounted", what, abs(passed - counted))
        if owner["next_offset"] != end:
            what = f"{place} stands at {owner['next_offset']} of {end}"
            findings.add("stuck", what, abs(end - owner["next_offset"]))
        for state in ("parked", "retrying", "held"):
            if owner[state]:
                findings.add("stuck", f"{place} has {owner[state]} {state}", owner[state])


def check_seqs(tables: Tables, wire: Wire, findings: Findings) -> None:
    """What the ledger decided, the topic carries."""
    for owner in tables.owners:
        part, seq, last = owner["part"], owner["seq"], wire.last.get(owner["part"], 0)
        if last != seq:
            what = f"status[{part}] ends at seq {last}, the ledger at {seq}"
            findings.add("lost" if last < seq else "ghosts", what, abs(seq - last))


def check_progress(tables: Tables, findings: Findings) -> None:
    """What the ledger decided, every projection has applied."""
    for projection in {"activity"} | {row["projection"] for row in tables.progress}:
        rows = [row for row in tables.progress if row["projection"] == projection]
        reached = {row["part"]: row["seq"] for row in rows}
        for owner in tables.owners:
            at = reached.get(owner["part"], 0)
            if at != owner["seq"]:
                what = f"{projection}[{owner['part']}] is at {at} of {owner['seq']}"
                findings.add("views_wrong", what)


def check_activity(tables: Tables, wire: Wire, findings: Findings) -> None:
    """The activity view counts what the status topic says."""
    told = said(wire)
    for outcome in told.keys() | tables.activity.keys():
        count = tables.activity.get(outcome, 0)
        if told[outcome] != count:
            what = f"activity counts {count} {outcome}, the status topic {told[outcome]}"
            findings.add("views_wrong", what)


def said(wire: Wire) -> Counter[str]:
    """Status events of warranties by outcome: activated, linked, ended, refused."""
    kinds = (event.type.split(".") for event in wire.told)
    return Counter(what for noun, what, _ in kinds if noun == "warranty")
