"""Whether whatever was told and decided of claims, and accepted, is there: once, or refused where all can read it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from .claim_tables import ClaimTables, Doc
from .claim_wire import ClaimStream
from .claim_words import Word
from .findings import Findings

RANKS = {
    "waiting": 0,
    "requested": 1,
    "acknowledged": 2,
    "received": 2,
    "diagnosed": 2,
    "repaired": 2,
    "sent_back": 2,
    "done": 3,
    "failed": 3,
}
COUNTED = ("note", "question")


def check_answers(
    words: Iterable[Word], tables: ClaimTables, stream: ClaimStream, findings: Findings
) -> None:
    """Each word against the rows."""
    words = list(words)
    named: dict[str, list[Doc]] = defaultdict(list)
    for doc in tables.claims.values():
        if doc.get("reference"):
            named[f"{doc.get('source')}/{doc['reference']}"].append(doc)
    _check_names(words, named, findings)
    first = {name: docs[0] for name, docs in named.items()}
    for word in words:
        if word.answer != "accepted" or word.event in stream.refused or word.kind in COUNTED:
            continue
        if word.kind == "report":
            _check_report(word, tables.effects.get(word.about), findings)
            continue
        found = first.get(word.about) or tables.claims.get(word.about)
        if found is None:
            findings.add("lost", f"{word.kind} {word.about}: there is no such claim")
        elif word.kind in CHECKS:
            CHECKS[word.kind](word, found, findings)
    _check_counted(words, tables, findings)


def _check_names(words: list[Word], named: Mapping[str, list[Doc]], findings: Findings) -> None:
    """A claim is filed once, however often it is told, and none of itself."""
    told = {word.about for word in words if word.kind == "filed"}
    for name, docs in named.items():
        if len(docs) > 1:
            findings.add("duplicated", f"{name} is {len(docs)} claims", len(docs) - 1)
        if name not in told:
            findings.add("ghosts", f"{name} is a claim that nobody filed", len(docs))


def _check_piece(word: Word, doc: Doc, findings: Findings) -> None:
    count = sum(piece["value"] == word.value for piece in doc.get("pieces", []))
    _once(count, f"piece {word.value} of {doc['id']}", findings)


def _check_posting(word: Word, doc: Doc, findings: Findings) -> None:
    costs = doc.get("costs", [])
    told = [f"{one['source']}/{one['reference']}={one['amount']}" for one in costs]
    _once(told.count(word.value), f"posting {word.value} of {doc['id']}", findings)


def _check_review(word: Word, doc: Doc, findings: Findings) -> None:
    _once(_whys(doc).count(word.value), f"review {word.value} of {doc['id']}", findings)


def _check_verdict(word: Word, doc: Doc, findings: Findings) -> None:
    verdict = doc.get("verdict") or {}
    decided = [verdict.get("why"), *(one["why"] for one in verdict.get("approvals", []))]
    if word.value not in decided and _whys(doc).count(word.value) != 1:
        findings.add("lost", f"{word.kind} {word.value} of {doc['id']} was accepted: {decided}")


def _whys(doc: Doc) -> list[str]:
    return [move[5] for move in doc["history"]]


def _check_half(word: Word, doc: Doc, findings: Findings) -> None:
    """The first of two stands until somebody decides, or until the claim is no longer to be decided."""
    stands = [one["why"] for one in doc.get("approvals", [])]
    if word.value not in stands and not doc.get("verdict") and doc["state"] == "under_review":
        findings.add("lost", f"half an approval {word.value} of {doc['id']} is gone")


def _check_going(word: Word, doc: Doc, findings: Findings) -> None:
    if doc["state"] == "staged":
        lacks = [*doc.get("missing", []), *doc.get("blocked", [])]
        findings.add("stuck", f"{word.about} is staged for {lacks}, all of which has come")


def _once(count: int, what: str, findings: Findings) -> None:
    if not count:
        findings.add("lost", f"{what} was accepted and is not there")
    elif count > 1:
        findings.add("duplicated", f"{what} is there {count} times", count - 1)


def _check_report(word: Word, effect: Doc | None, findings: Findings) -> None:
    if effect is None:
        findings.add("lost", f"{word.about} was reported on and has no row")
    elif RANKS[effect["state"]] < RANKS[word.value]:
        what = f"{word.about} was reported {word.value} and is {effect['state']}"
        findings.add("lost", what)
    elif word.value == "done" and effect["state"] != "done":
        findings.add("lost", f"{word.about} was reported done and is {effect['state']}")


def _check_counted(words: list[Word], tables: ClaimTables, findings: Findings) -> None:
    """Words that people wrote are kept apart and sealed: as many of each as were accepted are there."""
    told, doubtful = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    for word in words:
        if word.kind in COUNTED:
            (told if word.answer == "accepted" else doubtful)[word.about, word.kind, word.by] += 1
    kept = Counter(
        (claim, said[0], said[2][1])
        for claim, doc in tables.claims.items()
        for said in doc.get("said", [])
        if said[0] in COUNTED
    )
    for key in told.keys() | kept.keys():
        missing, beyond = told[key] - kept[key], kept[key] - told[key] - doubtful[key]
        if missing > 0:
            findings.add("lost", f"{missing} {key[1]}s of {key[0]} by {key[2]}", missing)
        if beyond > 0:
            findings.add("duplicated", f"{beyond} more {key[1]}s of {key[0]} than told", beyond)


CHECKS: dict[str, Callable[[Word, Doc, Findings], None]] = {
    "piece": _check_piece,
    "posting": _check_posting,
    "review": _check_review,
    "approve": _check_verdict,
    "deny": _check_verdict,
    "half": _check_half,
    "goes_on": _check_going,
}
