"""Entries of the audit log: who did what to what, why, and from where; written with what was done.

An entry is only ever added. Later one process links those of a tenant into a chain of hashes.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from hub.adapters.postgres import Queries
from hub.domain.plain import plain
from hub.telemetry.logging import presentable

MAX_TEXT, MAX_NAME = 1_000, 200

RECORD = """
insert into audit_entry (tenant, action, subject, by_kind, by_id, by_role, why, origin, correlation, doc)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::text[], $9::text[], $10::json[])
"""

READABLE = (
    r"case when strpos({doc}::text, '\u0000') = 0 then {doc} "
    r"else replace({doc}::text, '\u0000', '\ufffd')::json end"
)
"""A `doc` as Postgres can look into it: it takes a NUL in JSON, and then refuses to read any field of that document."""


class By(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who did it. Never a name, an e-mail or anything else that is personal."""

    kind: Literal["person", "key", "source", "operator", "system"]
    id: str
    role: str = ""


NOBODY = By(kind="system", id="nobody")
"""Whoever could not prove who he is."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One act. Texts are cut to what a row takes; `doc` must be without personal data already."""

    tenant: str
    action: str
    """`subject:verb`, such as `key:issued` or `policy:published`."""
    subject: str
    """The id of what it was done to."""
    by: By
    why: str = ""
    origin: str = ""
    """The door, or the address hashed: from where it was done."""
    correlation: str = ""
    doc: Mapping[str, Any] = {}


async def record(queries: Queries, *entries: Entry) -> None:
    """Add entries, in the transaction of what they tell of.

    Raises:
        StoreUnavailableError: nothing was added.

    """
    if entries:
        await queries.execute(
            RECORD, *map(list, zip(*(_values(one) for one in entries), strict=True))
        )


def _values(one: Entry) -> tuple[str, ...]:
    return (
        one.tenant,
        one.action,
        plain(one.subject, MAX_NAME),
        one.by.kind,
        plain(one.by.id, MAX_NAME),
        one.by.role,
        presentable(one.why, MAX_TEXT),
        plain(one.origin, MAX_NAME),
        plain(one.correlation, MAX_NAME),
        msgspec.json.encode(one.doc).decode(),
    )
