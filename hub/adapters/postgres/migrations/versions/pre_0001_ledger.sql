-- The engine raises its own SQLSTATEs from inside the one statement of a batch.
create function hub_raise(code text, message text) returns bigint language plpgsql as $$
begin
  raise exception using errcode = code, message = message;
end $$;

create table tenant (
  id               text primary key,
  coverage_months  int not null check (coverage_months between 1 and 1200),
  patience_days    int not null check (patience_days between 1 and 365),
  version          int not null default 1
);

-- One row a partition: who may write, how far it is, and what became of every event so far.
create table partition_owner (
  topic            text   not null,
  part             int    not null,
  epoch            bigint not null,
  first_offset     bigint not null,
  next_offset      bigint not null,
  seq              bigint not null,
  published_seq    bigint not null,
  last_offset      bigint,
  last_record      text,
  partition_count  int    not null,
  code_version     int    not null,
  applied          bigint not null default 0,
  deduplicated     bigint not null default 0,
  rejected         bigint not null default 0,
  retrying         bigint not null default 0,
  held             bigint not null default 0,
  dead_lettered    bigint not null default 0,
  given_up         bigint not null default 0,
  forwarded        bigint not null default 0,
  early            bigint not null default 0,
  stepped_over     bigint not null default 0,
  stopped_reason   text,
  claimed_by       text,
  claimed_at       timestamptz not null default now(),
  primary key (topic, part)
) with (fillfactor = 50);

-- What was decided, a blob a batch: JSON lines. Kept for ever; every projection can be made from it.
create table ledger (
  n            bigint generated always as identity primary key,
  topic        text   not null,
  part         int    not null,
  kind         text   not null check (kind in ('batch', 'jump', 'skip')),
  epoch        bigint not null,
  from_offset  bigint not null,
  to_offset    bigint not null,
  from_seq     bigint not null,
  to_seq       bigint not null,
  at           timestamptz not null default now(),
  body         bytea  not null
);
alter table ledger alter column body set storage external;
create index ledger_by_seq on ledger (topic, part, to_seq);

create table name (
  kind      text collate "C" not null,
  tenant    text collate "C" not null,
  value     text collate "C" not null,
  home      text    not null,
  id        text    not null,
  released  boolean not null default false,
  was       text,
  primary key (kind, tenant, value)
);

-- The one table with readable personal data behind the tenant's key.
create table contact (
  tenant      text not null,
  ref         text not null,
  email_hash  text,
  phone_hash  text,
  digest      bytea not null,
  sealed      bytea not null,
  seen_at     timestamptz not null,
  primary key (tenant, ref)
);
create index contact_by_email on contact (tenant, email_hash) where email_hash is not null;
create index contact_by_phone on contact (tenant, phone_hash) where phone_hash is not null;

-- What goes anywhere but the status topic; gone once acknowledged.
create table letter (
  topic         text   not null,
  part          int    not null,
  n             bigint not null,
  target_topic  text   not null,
  target_part   int    not null,
  tenant        text   not null,
  sealed        bytea  not null,
  primary key (topic, part, n)
);

create table timer (
  topic   text not null,
  part    int  not null,
  home    text not null,
  name    text not null,
  tenant  text not null,
  due_at  timestamptz not null,
  primary key (topic, home, name)
);
create index timer_due on timer (topic, part, due_at);

-- Accepted events that are not decided yet or could not be: retrying, held behind one, dead letter.
create table item (
  topic        text   not null,
  part         int    not null,
  "offset"     bigint not null,
  home         text,
  state        text   not null check (state in ('retrying', 'held', 'dead_lettered')),
  tenant       text   not null,
  event_id     text   not null,
  type         text   not null,
  attempt      int    not null,
  due_at       timestamptz,
  reason       text   not null,
  error        text,
  sealed       bytea  not null,
  contacts     text[] not null default '{}',
  wanted       text check (wanted in ('redrive', 'give_up')),
  wanted_why   text,
  code_version int    not null,
  received_at  timestamptz not null,
  version      int    not null default 1,
  primary key (topic, part, "offset")
);
create index item_by_home on item (topic, part, home, "offset");
create index item_due on item (topic, part, due_at) where due_at is not null;
create index item_wanted on item (topic, part) where wanted is not null;

-- One row an asker waits for: reserved before publishing, filled in by the batch that decides.
create table request (
  id           text primary key,
  tenant       text not null,
  scope        text not null,
  body_hash    text not null,
  event_id     text not null,
  outcome      text,
  answer       text,
  reserved_at  timestamptz not null default now(),
  decided_at   timestamptz
);

create table purchase (
  id               text primary key,
  tenant           text   not null,
  version          bigint not null,
  order_namespace  text,
  order_reference  text,
  doc              json,
  inbox            json   not null
);

create table unit (
  id               text primary key,
  home             text   not null,
  tenant           text   not null,
  version          bigint not null,
  status           text   not null,
  serial           text,
  serial_norm      text,
  product          text   not null,
  order_reference  text,
  customer         text,
  branch           text,
  starts_on        date,
  ends_on          date,
  doc              json   not null
);
create index unit_by_home on unit (home);

create table projection_progress (
  projection  text   not null,
  part        int    not null,
  version     int    not null,
  seq         bigint not null,
  epoch       bigint not null,
  primary key (projection, part)
);

create table activity (
  day      date   not null,
  branch   text   not null,
  outcome  text   not null,
  count    bigint not null,
  primary key (day, branch, outcome)
);
