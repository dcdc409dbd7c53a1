"""The one SQL statement of a batch, built from a processor's row types, and how a plan is bound to it.

Without BEGIN a frozen worker holds no lock. Nothing is written unless the epoch and the expected
offset are still ours; a name or a row that moved raises, and the whole statement is undone.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hub.ledger.entries import encode_lines
from hub.ledger.homes import encode
from hub.ledger.plan import FINAL, ItemGone, ItemRow, Plan
from hub.sdk.events import Outcome
from hub.sdk.processor import Processor, RowType

COUNTED = tuple(outcome.value for outcome in Outcome)


class Values:
    """Numbers the parameters of a statement in the order in which they are bound."""

    def __init__(self) -> None:
        """Begin at $1."""
        self.count = 0

    def next(self, cast: str) -> str:
        """The next parameter with its type."""
        self.count += 1
        return f"${self.count}::{cast}"

    def rows(self, *casts: str) -> str:
        """A row source: one JSON text of all rows, and an array for each column that is JSON itself.

        Parallel arrays alone would cost the client six times as much, since it looks at every
        element several times; documents inside the rows would cost Postgres as much again.
        """
        sources = [f"jsonb_array_elements({self.next('text')}::jsonb)"]
        sources += [f"unnest({self.next('text[]')})" for cast in casts if cast == "json"]
        documents = iter(range(len(casts)))
        scalars = iter(range(len(casts)))
        columns = ", ".join(
            f"d{next(documents)}::json" if cast == "json" else _cell(next(scalars), cast)
            for cast in casts
        )
        names = ", ".join(["e", *(f"d{n}" for n in range(len(sources) - 1))])
        return f"(select {columns} from rows from ({', '.join(sources)}) as r({names}))"


def _cell(number: int, cast: str) -> str:
    text = f"e ->> {number}"
    return f"decode({text}, 'base64')" if cast == "bytea" else f"({text})::{cast}"


def _owner(values: Values) -> str:
    topic, part, epoch, expected = (
        values.next(cast) for cast in ("text", "int", "bigint", "bigint")
    )
    to, seq, published = (values.next("bigint") for _ in range(3))
    last_offset, last_record = values.next("bigint"), values.next("text")
    counts = values.next("bigint[]")
    counters = ", ".join(f"{name} = {name} + ({counts})[{n}]" for n, name in enumerate(COUNTED, 1))
    return f"""own as (
  update partition_owner set next_offset = {to}, seq = {seq}, published_seq = greatest(published_seq, {published}),
         last_offset = coalesce({last_offset}, last_offset), last_record = coalesce({last_record}, last_record),
         {counters}
   where topic = {topic} and part = {part} and epoch = {epoch} and next_offset = {expected}
  returning 1)"""


def _ledger(values: Values) -> str:
    columns = [
        values.next(cast)
        for cast in ("text", "int", "bigint", "bigint", "bigint", "bigint", "bigint", "bytea")
    ]
    return f"""led as (
  insert into ledger (topic, part, kind, epoch, from_offset, to_offset, from_seq, to_seq, body)
  select {columns[0]}, {columns[1]}, 'batch', {", ".join(columns[2:])}
   where exists (select 1 from own) and length({columns[7]}) > 0)"""


def _head(head: RowType, values: Values) -> str:
    names = ["id", "tenant", "version", *(c.name for c in head.columns), "doc", "inbox"]
    casts = ["text", "text", "bigint", *(c.type for c in head.columns), "json", "json"]
    sets = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    return f"""head as (
  insert into {head.table} as t ({", ".join(names)})
  select u.* from {values.rows(*casts)} as u({", ".join(names)})
   where exists (select 1 from own)
     and (u.version = 1 or exists (select 1 from {head.table} s where s.id = u.id))
  on conflict (id) do update set {sets} where t.version = excluded.version - 1
  returning 1)"""


def _part(name: str, part: RowType, values: Values) -> str:
    names = ["id", "home", "tenant", "version", *(c.name for c in part.columns), "doc"]
    casts = ["text", "text", "text", "bigint", *(c.type for c in part.columns), "json"]
    sets = ", ".join(f"{column} = excluded.{column}" for column in names[3:])
    return f"""{name} as (
  insert into {part.table} as t ({", ".join(names)})
  select u.* from {values.rows(*casts)} as u({", ".join(names)})
   where exists (select 1 from own)
  on conflict (id) do update set {sets} where t.version < excluded.version and t.home = excluded.home
  returning 1)"""


def _names(values: Values) -> str:
    columns = "kind, tenant, value, home, id, released, was"
    source = values.rows("text", "text", "text", "text", "text", "boolean", "text")
    # Whoever lets go of a name that another home has taken over by now changes nothing.
    theirs = "(excluded.released and excluded.was is null and t.home <> excluded.home)"
    return f"""nm as (
  insert into name as t ({columns})
  select u.* from {source} as u({columns})
   where exists (select 1 from own) order by 1, 2, 3
  on conflict (kind, tenant, value) do update
     set home = case when {theirs} then t.home else excluded.home end,
         id = case when {theirs} or excluded.id = '' then t.id else excluded.id end,
         released = case when {theirs} then t.released else excluded.released end,
         was = case when {theirs} then t.was else excluded.was end
   where t.released or t.home = excluded.home or t.home = excluded.was or {theirs}
  returning 1)"""


def _contacts(values: Values) -> str:
    columns = "tenant, ref, email_hash, phone_hash, digest, sealed, seen_at"
    source = values.rows("text", "text", "text", "text", "bytea", "bytea", "timestamptz")
    return f"""con as (
  insert into contact as t ({columns})
  select u.* from {source} as u({columns})
   where exists (select 1 from own) order by 1, 2
  on conflict (tenant, ref) do update
     set email_hash = coalesce(excluded.email_hash, t.email_hash),
         phone_hash = coalesce(excluded.phone_hash, t.phone_hash),
         digest = excluded.digest, sealed = excluded.sealed, seen_at = excluded.seen_at
   where t.digest <> excluded.digest and t.seen_at <= excluded.seen_at)"""


def _letters(values: Values) -> str:
    topic, part = values.next("text"), values.next("int")
    source = values.rows("bigint", "text", "int", "text", "bytea")
    gone = values.next("bigint")
    return f"""let as (
  insert into letter (topic, part, n, target_topic, target_part, tenant, sealed)
  select {topic}, {part}, u.* from {source} as u(n, target_topic, target_part, tenant, sealed)
   where exists (select 1 from own)),
sent as (
  delete from letter where topic = {topic} and part = {part} and n <= {gone} and exists (select 1 from own))"""


def _timers(values: Values) -> str:
    topic, part = values.next("text"), values.next("int")
    source = values.rows("text", "text", "text", "timestamptz")
    homes, names = values.next("text[]"), values.next("text[]")
    return f"""tim as (
  insert into timer (topic, part, home, name, tenant, due_at)
  select {topic}, {part}, u.* from {source} as u(home, name, tenant, due_at)
   where exists (select 1 from own)
  on conflict (topic, home, name) do update set due_at = excluded.due_at),
rung as (
  delete from timer using unnest({homes}, {names}) as u(home, name)
   where timer.topic = {topic} and timer.home = u.home and timer.name = u.name and exists (select 1 from own))"""


ITEM_COLUMNS = (
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
)


def _items(values: Values) -> str:
    topic, part, code = values.next("text"), values.next("int"), values.next("int")
    source = values.rows(*(cast for _, cast in ITEM_COLUMNS))
    names = ", ".join(f'"{name}"' for name, _ in ITEM_COLUMNS)
    offsets, versions = values.next("bigint[]"), values.next("int[]")
    # Due times use one clock, Postgres's own.
    return f"""item_put as (
  insert into item as t (topic, part, "offset", home, state, tenant, event_id, type, attempt, due_at, reason, error,
                         sealed, contacts, code_version, received_at, version)
  select {topic}, {part}, u."offset", u.home, u.state, u.tenant, u.event_id, u.type, u.attempt,
         clock_timestamp() + make_interval(secs => u.delay), u.reason, u.error, u.sealed,
         string_to_array(u.contacts, ','), {code}, u.received_at, u.version
    from {source} as u({names}) where exists (select 1 from own)
  on conflict (topic, part, "offset") do update
     set home = excluded.home, state = excluded.state, attempt = excluded.attempt,
         due_at = excluded.due_at, reason = excluded.reason,
         error = excluded.error, code_version = excluded.code_version,
         wanted = null, wanted_why = null, version = excluded.version
   where t.version = excluded.version - 1
  returning 1),
item_gone as (
  delete from item using unnest({offsets}, {versions}) as u("offset", version)
   where item.topic = {topic} and item.part = {part} and item."offset" = u."offset" and item.version = u.version
     and exists (select 1 from own)
  returning 1)"""


def _requests(values: Values) -> str:
    source = values.rows("text", "text", "text", "text", "text")
    final = ", ".join(f"'{outcome}'" for outcome in FINAL)
    # A stranger may name any request, and an event may come twice: only the request of this very
    # event is answered, and its first final answer stands.
    return f"""req as (
  update request set outcome = u.outcome, answer = u.answer, decided_at = clock_timestamp()
    from {source} as u(id, tenant, event_id, outcome, answer)
   where request.id = u.id and request.tenant = u.tenant and request.event_id = u.event_id
     and (request.outcome is null or request.outcome not in ({final}))
     and exists (select 1 from own))"""


def build(processor: Processor[Any]) -> str:
    """The statement of a processor's batches. It gives 0 where another worker owns the partition."""
    values = Values()
    parts = [f"part{n}" for n in range(len(processor.parts))]
    pieces = [
        _owner(values),
        _ledger(values),
        _head(processor.head, values),
        *(_part(name, part, values) for name, part in zip(parts, processor.parts, strict=True)),
        _names(values),
        _contacts(values),
        _letters(values),
        _timers(values),
        _items(values),
        _requests(values),
    ]
    moved = " or ".join(
        f"(select count(*) from {cte}) <> {values.next('bigint')}"
        for cte in ("head", *parts, "item_put", "item_gone")
    )
    names = values.next("bigint")
    return (
        "with "
        + ",\n".join(pieces)
        + f"""
select case
  when (select count(*) from own) = 0 then 0
  when {moved} then hub_raise('HB002', 'a row moved under its owner')
  when (select count(*) from nm) <> {names} then hub_raise('HB001', 'a name was taken meanwhile')
  else 1 end"""
    )


def bind(  # noqa: PLR0913 - where it goes beside what it holds
    processor: Processor[Any], plan: Plan, *, part: int, epoch: int, published: int, posted: int
) -> list[object]:
    """The values of a plan, in the order of `build`."""
    topic = processor.reads.name
    counts = [plan.counts.get(name, 0) for name in COUNTED]
    body = encode_lines(plan.entries) if plan.entries else b""
    puts = [item for item in plan.items.values() if isinstance(item, ItemRow)]
    gone = [item for item in plan.items.values() if isinstance(item, ItemGone)]
    rung = [key for key, row in plan.timers.items() if row.due_at is None]
    return [
        *(topic, part, epoch, plan.from_offset),
        *(plan.to_offset, plan.seq, published, plan.last_offset, plan.last_record, counts),
        *(topic, part, epoch, plan.from_offset, plan.to_offset, plan.from_seq, plan.seq, body),
        *_bind_heads(processor, plan),
        *(value for row_type in processor.parts for value in _bind_parts(row_type, plan)),
        _json(_name_rows(plan)),
        _json(_contact_rows(plan)),
        *(topic, part, _json(_letter_rows(plan)), posted),
        *(topic, part, _json(_timer_rows(plan)), [home for home, _ in rung], [n for _, n in rung]),
        *(topic, part, processor.code_version, _json(_item_rows(puts))),
        *([item.offset for item in gone], [item.version for item in gone]),
        _json(_reply_rows(plan)),
        len(plan.homes),
        *(len(plan.parts.get(row_type.table, ())) for row_type in processor.parts),
        *(len(puts), len(gone), len(plan.names)),
    ]


def _json(rows: Iterable[Sequence[object]]) -> str:
    return encode(list(rows)).decode()


def _text(document: object) -> str | None:
    return None if document is None else encode(document).decode()


def _bind_heads(processor: Processor[Any], plan: Plan) -> list[object]:
    values = [column.value for column in processor.head.columns]
    homes = [(home, processor.take_apart(home.state)) for home in plan.homes.values()]
    scalars = (
        (h.id, h.tenant, h.version, *[None if row is None else value(row) for value in values])
        for h, row in homes
    )
    return [_json(scalars), [_text(row) for _, row in homes], [_text(h.inbox) for h, _ in homes]]


def _bind_parts(row_type: RowType, plan: Plan) -> list[object]:
    values = [column.value for column in row_type.columns]
    parts = plan.parts.get(row_type.table, {}).values()
    scalars = (
        (part.row.id, part.home, part.tenant, part.version, *[value(part.row) for value in values])
        for part in parts
    )
    return [_json(scalars), [_text(part.row) for part in parts]]


def _name_rows(plan: Plan) -> Iterator[Sequence[object]]:
    for key, row in plan.names.items():
        yield (*key, row.home, row.id, row.released, row.was)


def _contact_rows(plan: Plan) -> Iterator[Sequence[object]]:
    for contact, at in plan.contacts.values():
        who = contact.customer
        hashes = (who.ref, who.email_hash, who.phone_hash)
        yield (contact.tenant, *hashes, contact.digest, contact.sealed, at)


def _letter_rows(plan: Plan) -> Iterator[Sequence[object]]:
    for row in plan.letters:
        yield (row.n, row.target_topic, row.target_part, row.tenant, row.sealed)


def _timer_rows(plan: Plan) -> Iterator[Sequence[object]]:
    for key, row in plan.timers.items():
        if row.due_at is not None:
            yield (*key, row.tenant, row.due_at)


def _item_rows(items: Iterable[ItemRow]) -> Iterator[Sequence[object]]:
    for row in items:
        what = (row.offset, row.home, row.state, row.tenant, row.event_id, row.type)
        why = (row.attempt, row.delay, row.reason, row.error)
        yield (*what, *why, row.sealed, ",".join(row.contacts), row.received_at, row.version)


def _reply_rows(plan: Plan) -> Iterator[Sequence[object]]:
    # As doors reserve them, so that neither waits for a row of the other's while it holds one.
    for (request, *_), reply in sorted(plan.replies.items()):
        yield (request, reply.tenant, reply.event, reply.outcome, reply.answer.decode())
