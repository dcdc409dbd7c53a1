"""The part of the check that is about claims."""

from collections import Counter
from collections.abc import Sequence

from .claim_answers import check_answers
from .claim_effects import check_effects
from .claim_moves import check_moves
from .claim_tables import ClaimTables
from .claim_wire import ClaimStream
from .claim_words import Word
from .findings import Findings
from .wire import Wire


def check_claims(
    words: Sequence[Word], wire: Wire, tables: ClaimTables, findings: Findings
) -> dict[str, int]:
    """Find what is wrong with claims; gives the figures of the whole."""
    stream = ClaimStream.of(wire.told)
    check_moves(tables, stream, findings)
    check_effects(tables, stream, findings)
    check_answers(words, tables, stream, findings)
    states = Counter(doc["state"] for doc in tables.claims.values())
    effects = Counter(doc["state"] for doc in tables.effects.values())
    return {
        "claims_filed": len(tables.claims),
        **{f"claims_{state}": count for state, count in sorted(states.items())},
        "claims_moves": sum(map(len, stream.moves.values())),
        "claims_words": len(words),
        "effects": len(tables.effects),
        **{f"effects_{state}": count for state, count in sorted(effects.items())},
        "effects_asked": stream.asked.total(),
        "replaced": stream.replaced.total(),
        "postings": sum(len(doc.get("costs", [])) for doc in tables.claims.values()),
    }
