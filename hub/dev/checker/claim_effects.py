"""Whether each decision had the effects that it granted, each once: asked, told, costed, and none done by half."""

from collections import Counter

from .claim_tables import ClaimTables, Doc
from .claim_wire import STEPS, ClaimStream
from .findings import Findings

GRANTED = ("approved", "partially_approved")


def check_effects(tables: ClaimTables, stream: ClaimStream, findings: Findings) -> None:
    """Everything that claims led to."""
    for effect, count in stream.asked.items():
        if effect not in tables.effects:
            findings.add("ghosts", f"{effect} was asked for and has no row", count)
        elif count > 1:
            findings.add("duplicated", f"{effect} was asked for {count} times", count - 1)
    for effect, doc in tables.effects.items():
        _check_effect(effect, doc, tables, stream, findings)
    for claim, doc in tables.claims.items():
        _check_granted(claim, doc, tables.of_claim(claim), stream, findings)
        _check_costs(claim, doc, stream, findings)
    _check_pairs(tables, stream, findings)


def _check_effect(
    effect: str, doc: Doc, tables: ClaimTables, stream: ClaimStream, findings: Findings
) -> None:
    state, changes = doc["state"], stream.changes.get(effect, [])
    if doc["claim"] not in tables.claims:
        findings.add("ghosts", f"{effect} is of {doc['claim']}, which has no row")
    if state == "waiting":
        findings.add("stuck", f"{effect} waits for stock that was never answered")
    if state == "acknowledged" and doc.get("stage") == "sent":
        findings.add("stuck", f"{effect} waits for its new unit to be covered")
    asked = stream.asked[effect]
    if not asked and state != "waiting" and not _was_short(doc):
        findings.add("lost", f"{effect} is {state} and was never asked for")
    if asked and stream.kinds[effect] != doc["kind"]:
        findings.add("ghosts", f"{effect} is a {doc['kind']}, asked was {stream.kinds[effect]}")
    if asked:
        _check_changes(effect, state, changes, findings)


def _was_short(doc: Doc) -> bool:
    """Nothing is asked of anybody where there is no stock."""
    return doc["state"] == "failed" and doc.get("reason") in {"out_of_stock", "stock_unknown"}


def _check_changes(effect: str, state: str, changes: list[str], findings: Findings) -> None:
    stands = "requested"
    for after in changes:
        if after not in STEPS[stands]:
            findings.add("illegal", f"{effect}: {stands} > {after}")
        stands = after
    if stands != state:
        findings.add("lost", f"{effect} is {state} in its row and was told to be {stands}")


def _check_granted(
    claim: str, doc: Doc, effects: list[Doc], stream: ClaimStream, findings: Findings
) -> None:
    verdict = doc.get("verdict") or {}
    granted = verdict.get("granted", []) if verdict.get("state") in GRANTED else []
    wanted = Counter(one[0] for one in granted)
    now = Counter(one["kind"] for one in effects if one["event"] == verdict.get("event"))
    before = [one for one in effects if one["event"] != verdict.get("event")]
    for kind, count in (wanted - now).items():
        findings.add("lost", f"{claim} was granted a {kind}, which is no effect of it", count)
    for kind, count in (now - wanted).items():
        findings.add("duplicated", f"{claim} has more of {kind} than it was granted", count)
    if before and not any(one["state"] == "failed" for one in before):
        what = f"{claim} has {len(before)} effects of another decision, of which none failed"
        findings.add("duplicated", what, len(before))
    told = stream.granted.get(claim, [])
    if not before and told != sorted(wanted.elements()):
        findings.add("lost", f"{claim} was granted {sorted(wanted)}, told was {told}")
    _check_over(claim, doc, effects, findings)


def _check_over(claim: str, doc: Doc, effects: list[Doc], findings: Findings) -> None:
    left = [one["id"] for one in effects if one["state"] not in {"done", "failed"}]
    done = bool(effects) and all(one["state"] == "done" for one in effects)
    if doc["state"] in GRANTED and done:
        findings.add("stuck", f"{claim} is {doc['state']}, and nothing is left to be done")
    if doc["state"] == "resolved" and left:
        findings.add("half_done", f"{claim} is resolved, and {left} is to be done")
    if effects and doc["state"] not in {*GRANTED, "resolved"}:
        findings.add("half_done", f"{claim} is {doc['state']} and has effects")


def _check_costs(claim: str, doc: Doc, stream: ClaimStream, findings: Findings) -> None:
    costs = doc.get("costs", [])
    for about, count in Counter((one["source"], one["reference"]) for one in costs).items():
        if count > 1:
            findings.add("duplicated", f"{claim} has {about} posted {count} times", count - 1)
    # What told of nothing but its answer tells the world of its posting, too.
    told, kept = stream.postings.get(claim, Counter()), {one["id"] for one in costs}
    for posting in kept - told.keys():
        findings.add("lost", f"posting {posting} of {claim} was never told")
    for posting, count in told.items():
        if posting not in kept:
            findings.add("ghosts", f"posting {posting} of {claim} was told and is not there")
        elif count > 1:
            findings.add("duplicated", f"posting {posting} of {claim} was told {count} times")


def _check_pairs(tables: ClaimTables, stream: ClaimStream, findings: Findings) -> None:
    """A replacement has closed the old unit and has a new one, or neither of both."""
    done = {
        one["warranty"]: one.get("replaced_by")
        for one in tables.effects.values()
        if one["kind"] == "replacement" and one["state"] == "done"
    }
    for old, new in done.items():
        closed, sent = tables.units.get(old), tables.units.get(new or "")
        if closed is None or closed["status"] != "ended" or closed.get("replaced_by") != new:
            findings.add("half_done", f"{old} was replaced by {new} and is not closed for that")
        if sent is None or sent.get("replaces") != old:
            findings.add("half_done", f"{old} was replaced by {new}, which does not replace it")
    for unit in tables.units.values():
        if unit.get("replaced_by") and done.get(unit["id"]) != unit["replaced_by"]:
            findings.add("half_done", f"{unit['id']} is closed, and no effect of it is done")
        if unit.get("replaces") and done.get(unit["replaces"]) != unit["id"]:
            what = f"{unit['id']} replaces {unit['replaces']}, of which that is not told"
            findings.add("half_done", what)
    for old, count in stream.replaced.items():
        if old not in done:
            findings.add("ghosts", f"{old} was told to be replaced and is not", count)
        elif count > 1:
            findings.add("duplicated", f"{old} was told to be replaced {count} times", count - 1)
