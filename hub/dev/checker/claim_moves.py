"""Whether every claim moved as it may, told each step once and in order, and stands where it was told to."""

from .claim_tables import ClaimTables, Doc
from .claim_wire import LIFE, ClaimStream
from .findings import Findings


def check_moves(tables: ClaimTables, stream: ClaimStream, findings: Findings) -> None:
    """The status topic by itself, then each row against it."""
    for claim, moves in stream.moves.items():
        _check_steps(claim, moves, findings)
        if claim not in tables.claims:
            findings.add("lost", f"{claim} was told of and has no row")
    for claim, doc in tables.claims.items():
        _check_row(claim, doc, stream, findings)


def _check_steps(claim: str, moves: list[tuple[str | None, str]], findings: Findings) -> None:
    stands: str | None = None
    for before, after in moves:
        if before != stands:
            what = f"{claim}: {before} > {after} was told where it was {stands}"
            findings.add("reordered", what)
        elif after not in LIFE[before]:
            findings.add("illegal", f"{claim}: {before} > {after}")
        stands = after


def _check_row(claim: str, doc: Doc, stream: ClaimStream, findings: Findings) -> None:
    told = stream.moves.get(claim, [])
    kept = [(move[0], move[1]) for move in doc["history"]]
    if not told:
        findings.add("lost", f"row {claim} was never announced")
        return
    if len(kept) != len(told):
        kind = "lost" if len(told) < len(kept) else "duplicated"
        findings.add(kind, f"{claim} has {len(kept)} moves, {len(told)} were told")
    elif kept != told:
        findings.add("reordered", f"{claim} has the moves {kept}, told were {told}")
    states = {doc["state"], doc["columns"]["state"], told[-1][1]}
    if len(states) > 1:
        what = f"{claim} is {doc['state']} in its row and was told to be {told[-1][1]}"
        findings.add("lost", what)
