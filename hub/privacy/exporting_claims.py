"""Everything that is kept about one person in claims: what was decided, and what was written."""

from datetime import datetime

import msgspec

from hub.access.keyring import Keyring
from hub.adapters.postgres import Queries
from hub.privacy.people import CLAIMS as OF_PERSON
from schemas.events.parts import Statement

CLAIMS = """
select id, state, warranty, issue, product, filed_at, source, reference, doc from claim
 where tenant = $1 and id = any($2::text[]) order by filed_at, id limit $3
"""
SPOKEN = "select ref, sealed from contact where tenant = $1 and ref = any($2::text[])"


class ExportedWords(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote in a claim of theirs."""

    kind: str
    """description, question, answer or note."""
    at: datetime
    text: str | None
    """Null where it was erased."""


class ExportedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim of theirs."""

    id: str
    state: str
    warranty: str
    issue: str
    product: str
    filed_at: datetime
    source: str
    reference: str | None
    words: tuple[ExportedWords, ...]
    said: msgspec.Raw
    """As it stands, with everything that was decided; JSON."""


class _Said(msgspec.Struct, array_like=True, frozen=True):
    """Where words of a claim are kept."""

    kind: str
    ref: str
    by: msgspec.Raw
    at: datetime


class _Document(msgspec.Struct, frozen=True):
    """What of a claim's document is read here."""

    said: tuple[_Said, ...] = ()


async def claims_of(
    queries: Queries, keyring: Keyring, tenant: str, customers: list[str], most: int
) -> tuple[ExportedClaim, ...]:
    """Their claims, with what was written there by anybody.

    Raises:
        SealError: it cannot be opened.

    """
    mine = [row["id"] for row in await queries.fetch(OF_PERSON, tenant, customers)]
    rows = await queries.fetch(CLAIMS, tenant, mine, most)
    found = []
    for row in rows:
        said = msgspec.json.decode(row["doc"], type=_Document).said
        kept = await queries.fetch(SPOKEN, tenant, [one.ref for one in said])
        texts = {one["ref"]: _words(keyring, tenant, one["sealed"]) for one in kept}
        words = (ExportedWords(kind=one.kind, at=one.at, text=texts.get(one.ref)) for one in said)
        about = {name: value for name, value in dict(row).items() if name != "doc"}
        found.append(
            ExportedClaim(**about, words=tuple(words), said=msgspec.Raw(row["doc"].encode()))
        )
    return tuple(found)


def _words(keyring: Keyring, tenant: str, sealed: bytes) -> str | None:
    return Statement.model_validate_json(keyring.open(tenant, sealed)).words
