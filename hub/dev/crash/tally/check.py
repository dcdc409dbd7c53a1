"""Whether every event of a tally took effect once and in its order: status topic, rows and books."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from hub.dev.checker.accounts import check_accounts, check_seqs
from hub.dev.checker.effects import check_wire
from hub.dev.checker.findings import Findings
from hub.dev.checker.tables import Tables, read_tables
from hub.dev.checker.wire import Wire, log_ends, read_status
from hub.dev.crash.installation import Installation
from hub.dev.crash.tally.events import Counted, Landed
from hub.dev.crash.tally.processor import INTAKE, STATUS, Stands


async def check_tally(place: Installation, landed: Landed, findings: Findings) -> Tables:
    """Compare what was acknowledged with what came of it; gives the tables as they were read.

    Only poison may still wait, as a dead letter.
    """
    wire = await read_status(place.kafka.bootstrap, STATUS.name)
    ends = await log_ends(place.kafka.bootstrap, INTAKE.name)
    tables = await read_tables(place.dsn, INTAKE.name, None)
    poison = {where for where, (event, _) in landed.items() if event.poison}
    left = [row for row in tables.items if (row["part"], row["offset"]) not in poison]
    check_wire(wire, findings)
    check_effects((event for event, _ in landed.values()), wire, findings)
    check_accounts(replace(tables, items=left), ends, findings)
    check_seqs(tables, wire, findings)
    return tables


def check_effects(sent: Iterable[Counted], wire: Wire, findings: Findings) -> None:
    """Each event that can be decided is told of once, after those of its key that came before it."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for event in sent:
        wanted[event.key] += [] if event.poison else [event.n]
    told: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for said in wire.told:
        if said.type == Stands.TYPE:
            told[said.fact["key"]].append((said.fact["n"], said.fact["count"]))
    for key in wanted.keys() | told.keys():
        _check_key(key, Counter(wanted[key]), told[key], findings)


def _check_key(
    key: str, wanted: Counter[int], told: list[tuple[int, int]], findings: Findings
) -> None:
    order = [n for n, _ in told]
    found = Counter(order)
    for n in wanted - found:
        findings.add("lost", f"{key}/{n} never took effect")
    for n, surplus in (found - wanted).items():
        kind = "duplicated" if n in wanted else "ghosts"
        findings.add(kind, f"{key}/{n} took effect {found[n]} times", surplus)
    turned = sum(later < earlier for earlier, later in pairwise(order))
    if turned:
        findings.add("reordered", f"{key}: {order}", turned)
    if [count for _, count in told] != list(range(1, len(told) + 1)):
        findings.add("duplicated", f"{key} counts {told}")
