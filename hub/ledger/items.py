"""Items: what could not be decided or translated and waits for another try, for others, or for a person.

An item stands where its record does: topic, partition and offset. Only the owner of the partition writes
it, in the statement that also says what became of the record.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.ledger.values import Values, json_rows

COLUMNS = (
    ("offset", "bigint"),
    ("home", "text"),
    ("state", "text"),
    ("tenant", "text"),
    ("event_id", "text"),
    ("type", "text"),
    ("attempt", "int"),
    ("delay", "double precision"),
    ("reason", "text"),
    ("error", "text"),
    ("sealed", "bytea"),
    ("contacts", "text"),
    ("received_at", "timestamptz"),
    ("version", "int"),
    ("source", "text"),
    ("code", "text"),
    ("revision", "int"),
    ("hash", "text"),
    ("correlation", "text"),
    ("dependency", "text"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """An event or a raw record that waits. `delay` counts seconds from the commit."""

    offset: int
    home: str | None
    """What stays in order with it: the home of an event, the key of a raw record."""
    state: str
    tenant: str
    event_id: str
    type: str
    attempt: int
    """How often it was tried; 0 where it only waits for others."""
    reason: str
    sealed: bytes
    received_at: datetime
    delay: float | None = None
    """None: it is not tried again by itself before what it waits for is back."""
    error: str | None = None
    contacts: tuple[str, ...] = ()
    version: int = 1
    source: str = ""
    code: str = ""
    """Why, in one word: items that failed alike have it in common."""
    revision: int = 0
    hash: str = ""
    correlation: str = ""
    dependency: str | None = None
    """What outside did not answer."""


@dataclass(frozen=True, slots=True)
class ItemGone:
    """An item that this batch settles."""

    offset: int
    version: int


PUT, GONE = "item_put", "item_gone"
"""The parts of a statement whose rows are to be counted: fewer than bound, and a row moved."""


def pieces(values: Values) -> str:
    """The parts of a statement that write items, where its part `own` gave a row."""
    topic, part = values.next("text"), values.next("int")
    release = values.next("text")
    source = values.rows(*(cast for _, cast in COLUMNS))
    names = ", ".join(f'"{name}"' for name, _ in COLUMNS)
    offsets, versions = values.next("bigint[]"), values.next("int[]")
    changed = values.next("bigint[]")
    # Due times use one clock, Postgres's own. The spread keeps those that failed together apart.
    return f"""item_locked as (
  -- In the order of their offsets, as whoever marks many items does: neither then waits for the other.
  select 1 from item where topic = {topic} and part = {part} and "offset" = any({changed})
   order by "offset" for update),
{PUT} as (
  insert into item as t (topic, part, "offset", home, state, tenant, event_id, type, attempt, due_at, reason, error,
                         sealed, contacts, release, received_at, version, source, code, revision, hash,
                         correlation, dependency)
  select {topic}, {part}, u."offset", u.home, u.state, u.tenant, u.event_id, u.type, u.attempt,
         clock_timestamp() + make_interval(secs => u.delay * (0.9 + 0.2 * random())), u.reason, u.error, u.sealed,
         string_to_array(u.contacts, ','), {release}, u.received_at, u.version, u.source, u.code, u.revision,
         u.hash, u.correlation, u.dependency
    from {source} as u({names}) where exists (select 1 from own) and (select count(*) from item_locked) >= 0
  on conflict (topic, part, "offset") do update
     set home = excluded.home, state = excluded.state, attempt = excluded.attempt,
         due_at = excluded.due_at, reason = excluded.reason, error = excluded.error,
         release = excluded.release, code = excluded.code, revision = excluded.revision,
         dependency = excluded.dependency, tried_at = clock_timestamp(), on_hold = null,
         wanted = null, wanted_why = null, wanted_by = null, wanted_at = null, version = excluded.version,
         -- What may have been told waits behind others with its mark; tried again, it means what it means now.
         telling = case when excluded.state = 'held' then t.telling end
   where t.version = excluded.version - 1
  returning tenant, dependency),
item_away as (
  -- What waits for something outside is found through the row of its breaker, though none may have opened.
  insert into dependency (tenant, name)
  select distinct tenant, dependency from {PUT} where dependency is not null order by 1, 2
  on conflict do nothing),
{GONE} as (
  delete from item using unnest({offsets}, {versions}) as u("offset", version)
   where item.topic = {topic} and item.part = {part} and item."offset" = u."offset" and item.version = u.version
     and exists (select 1 from own) and (select count(*) from item_locked) >= 0
  returning 1)"""


def bind(
    topic: str, part: int, release: str, puts: Sequence[ItemRow], gone: Sequence[ItemGone]
) -> list[object]:
    """The values of `pieces`."""
    offsets, versions = [item.offset for item in gone], [item.version for item in gone]
    changed = [*(row.offset for row in puts if row.version > 1), *offsets]
    return [topic, part, release, json_rows(_rows(puts)), offsets, versions, changed]


def storable(text: str) -> str:
    """Text that any column takes, whatever somebody had put in it."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def _rows(items: Iterable[ItemRow]) -> Iterator[Sequence[object]]:
    for row in items:
        what = (row.offset, row.home, row.state, row.tenant, row.event_id, row.type)
        why = (row.attempt, row.delay, row.reason, row.error)
        kept = (row.sealed, ",".join(row.contacts), row.received_at, row.version)
        origin = (row.source, row.code, row.revision, row.hash, row.correlation, row.dependency)
        every = (*what, *why, *kept, *origin)
        yield [storable(one) if isinstance(one, str) else one for one in every]
