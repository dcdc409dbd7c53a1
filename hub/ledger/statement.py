"""The one SQL statement of a batch, built from a processor's row types, and how a plan is bound to it.

Without BEGIN a frozen worker holds no lock. Nothing is written unless the epoch and the expected
offset are still ours; a name or a row that moved raises, and the whole statement is undone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.ledger import items
from hub.ledger.entries import encode_lines
from hub.ledger.homes import encode
from hub.ledger.items import ItemGone, ItemRow
from hub.ledger.plan import FINAL, NOBODY, PartRow, Plan
from hub.ledger.values import Values, json_rows
from hub.sdk.events import Outcome
from hub.sdk.processor import Processor, RowType

Rows = Mapping[str, Mapping[str, PartRow]]
COUNTED = tuple(outcome.value for outcome in Outcome)


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


def _founded(name: str, other: RowType, values: Values) -> str:
    """Rows of other processors' homes. In the order of ids, so that no two batches wait for each other."""
    names = ["id", "home", "tenant", "version", *(c.name for c in other.columns), "doc"]
    casts = ["text", "text", "text", "bigint", *(c.type for c in other.columns), "json"]
    return f"""{name} as (
  insert into {other.table} ({", ".join(names)})
  select u.* from {values.rows(*casts)} as u({", ".join(names)})
   where exists (select 1 from own) order by 1
  on conflict (id) do nothing)"""


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
   where t.released or t.home = excluded.was or {theirs}
      or (t.home = excluded.home and excluded.was is distinct from '{NOBODY}')
  returning 1)"""


def _contacts(values: Values) -> str:
    columns = "tenant, ref, customer, email_hash, phone_hash, digest, sealed, seen_at"
    source = values.rows("text", "text", "text", "text", "text", "bytea", "bytea", "timestamptz")
    return f"""con as (
  insert into contact as t ({columns})
  select u.* from {source} as u({columns})
   where exists (select 1 from own)
     -- What was said of somebody before they were erased is not written again.
     and not exists (select 1 from erased e where e.tenant = u.tenant and e.at >= u.seen_at
                        and e.hash = any(array[u.ref, u.customer, u.email_hash, u.phone_hash]))
     and not exists (select 1 from tenant e where e.id = u.tenant and e.erased_at is not null)
   order by 1, 2
  on conflict (tenant, ref) do nothing)"""


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
        *(_founded(f"other{n}", other, values) for n, other in enumerate(processor.others)),
        _names(values),
        _contacts(values),
        _letters(values),
        _timers(values),
        items.pieces(values),
        _requests(values),
    ]
    moved = " or ".join(
        f"(select count(*) from {cte}) <> {values.next('bigint')}"
        for cte in ("head", *parts, items.PUT, items.GONE)
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
    processor: Processor[Any],
    plan: Plan,
    *,
    part: int,
    epoch: int,
    published: int,
    posted: int,
    release: str = "",
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
        *(value for part in processor.parts for value in _bind_parts(part, plan.parts)),
        *(value for other in processor.others for value in _bind_parts(other, plan.founded)),
        json_rows(_name_rows(plan)),
        json_rows(_contact_rows(plan)),
        *(topic, part, json_rows(_letter_rows(plan)), posted),
        *(
            topic,
            part,
            json_rows(_timer_rows(plan)),
            [home for home, _ in rung],
            [n for _, n in rung],
        ),
        *items.bind(topic, part, release, puts, gone),
        json_rows(_reply_rows(plan)),
        len(plan.homes),
        *(len(plan.parts.get(row_type.table, ())) for row_type in processor.parts),
        *(len(puts), len(gone), len(plan.names)),
    ]


def _text(document: object) -> str | None:
    return None if document is None else encode(document).decode()


def _bind_heads(processor: Processor[Any], plan: Plan) -> list[object]:
    values = [column.value for column in processor.head.columns]
    homes = [(home, processor.take_apart(home.state)) for home in plan.homes.values()]
    scalars = (
        (h.id, h.tenant, h.version, *[None if row is None else value(row) for value in values])
        for h, row in homes
    )
    return [
        json_rows(scalars),
        [_text(row) for _, row in homes],
        [_text(h.inbox) for h, _ in homes],
    ]


def _bind_parts(row_type: RowType, rows: Rows) -> list[object]:
    values = [column.value for column in row_type.columns]
    parts = rows.get(row_type.table, {}).values()
    scalars = (
        (part.row.id, part.home, part.tenant, part.version, *[value(part.row) for value in values])
        for part in parts
    )
    return [json_rows(scalars), [_text(part.row) for part in parts]]


def _name_rows(plan: Plan) -> Iterator[Sequence[object]]:
    for key, row in plan.names.items():
        yield (*key, row.home, row.id, row.released, row.was)


def _contact_rows(plan: Plan) -> Iterator[Sequence[object]]:
    for contact, at in plan.contacts.values():
        who = contact.customer
        known_by = (contact.kept, who.ref, who.email_hash, who.phone_hash)
        yield (contact.tenant, *known_by, contact.digest, contact.sealed, at)


def _letter_rows(plan: Plan) -> Iterator[Sequence[object]]:
    for row in plan.letters:
        yield (row.n, row.target_topic, row.target_part, row.tenant, row.sealed)


def _timer_rows(plan: Plan) -> Iterator[Sequence[object]]:
    for key, row in plan.timers.items():
        if row.due_at is not None:
            yield (*key, row.tenant, row.due_at)


def _reply_rows(plan: Plan) -> Iterator[Sequence[object]]:
    # As doors reserve them, so that neither waits for a row of the other's while it holds one.
    for (request, *_), reply in sorted(plan.replies.items()):
        yield (request, reply.tenant, reply.event, reply.outcome, reply.answer.decode())
