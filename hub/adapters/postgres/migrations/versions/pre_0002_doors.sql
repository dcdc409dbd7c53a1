-- Three roles: whoever migrates owns the tables; `hub_engine` decides and projects; `hub_api` sees
-- one tenant at a time. A login of its own may be a member of one of them.
do $$
declare wanted text;
begin
  foreach wanted in array array['hub_engine', 'hub_api'] loop
    if not exists (select 1 from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I nologin', wanted);
      exception
        when duplicate_object or unique_violation then null;  -- Another database was as quick.
        when insufficient_privilege then
          raise exception 'role % is missing and % may not create it', wanted, current_user
            using hint = format('let an administrator run: create role %I nologin; grant %I to %I',
                                wanted, wanted, current_user);
      end;
    end if;
    if not pg_has_role(current_user, wanted, 'member') then
      execute format('grant %I to %I', wanted, current_user);
    end if;
  end loop;
end $$;

-- A feed of a tenant: by which connector it speaks, what that was told, and the secrets it signs with.
create table source (
  tenant      text not null references tenant (id),
  name        text not null,
  connector   text not null,
  settings    json not null,
  secrets     bytea[] not null default '{}',
  version     int  not null default 1,
  changed_at  timestamptz not null default now(),
  primary key (tenant, name)
);

-- Keys of the HTTP API. The secret is random and long, so a plain hash of it is enough.
create table api_key (
  id          text primary key,
  tenant      text not null,
  principal   text not null,
  hash        bytea not null,
  created_at  timestamptz not null default now(),
  revoked_at  timestamptz
);

-- Asked before it is known whose key it is, so it is no matter of a tenant's policy.
create function hub_authenticate(key_id text)
returns table (tenant text, principal text, hash bytea)
language sql stable security definer set search_path = pg_catalog, public as $$
  select k.tenant, k.principal, k.hash from public.api_key k where k.id = key_id and k.revoked_at is null
$$;

-- One row a partition of a raw topic: who translates it, how far it is, and what became of each record.
create table landing_owner (
  topic         text   not null,
  part          int    not null,
  epoch         bigint not null,
  first_offset  bigint not null,
  next_offset   bigint not null,
  translated    bigint not null default 0,
  meaningless   bigint not null default 0,
  parked        bigint not null default 0,
  stepped_over  bigint not null default 0,
  events        bigint not null default 0,
  last_offset   bigint,
  last_record   text,
  claimed_by    text,
  claimed_at    timestamptz not null default now(),
  primary key (topic, part)
) with (fillfactor = 50);

-- What was taken in and what it became, a blob a batch: JSON lines (hub/audit/landings.py).
create table landing (
  n            bigint generated always as identity primary key,
  topic        text   not null,
  part         int    not null,
  epoch        bigint not null,
  from_offset  bigint not null,
  to_offset    bigint not null,
  at           timestamptz not null default now(),
  body         bytea  not null
);
alter table landing alter column body set storage external;
create index landing_by_part on landing (topic, part, n);
create index landing_by_offset on landing (topic, part, to_offset);
create index ledger_by_part on ledger (topic, part, n);

-- Records that could not be translated: kept sealed until a better translation is asked to try again.
create table parked (
  topic         text   not null,
  part          int    not null,
  "offset"      bigint not null,
  tenant        text   not null,
  source        text   not null,
  raw_id        text   not null,
  code          text   not null,
  reason        text   not null,
  revision      int    not null,
  payload_hash  text   not null,
  sealed        bytea  not null,
  contacts      text[] not null default '{}',
  received_at   timestamptz not null,
  parked_at     timestamptz not null default now(),
  wanted        text check (wanted in ('retry', 'give_up')),
  wanted_why    text,
  primary key (topic, part, "offset")
);
create index parked_by_tenant on parked (tenant, parked_at);
create index parked_wanted on parked (topic, part) where wanted is not null;

-- A range of a raw topic that is to be translated once more, by its owner, with the newest mapping.
create table raw_replay (
  n            bigint generated always as identity primary key,
  topic        text   not null,
  part         int    not null,
  next_offset  bigint not null,
  to_offset    bigint not null,
  why          text   not null,
  asked_at     timestamptz not null default now(),
  done_at      timestamptz
);
create index raw_replay_open on raw_replay (topic, part) where done_at is null;

-- Who serves a source at a door (pull, files): one process at a time, until its lease runs out.
create table lease (
  door        text   not null check (door in ('pull', 'files')),
  tenant      text   not null,
  source      text   not null,
  epoch       bigint not null,
  held_by     text   not null,
  held_since  timestamptz not null default now(),
  held_until  timestamptz not null,
  primary key (door, tenant, source)
) with (fillfactor = 50);

-- Where a pulled source goes on.
create table checkpoint (
  tenant      text not null,
  source      text not null,
  value       text not null,
  changed_at  timestamptz not null default now(),
  primary key (tenant, source)
);

-- A dropped file on its way: how far it is, and what its rows became.
create table file_progress (
  tenant        text   not null,
  source        text   not null,
  digest        text   not null,
  name          text   not null,
  taken         text   not null,
  reading       text   not null,
  size          bigint not null,
  lines         bigint not null,
  epoch         bigint not null default 0,
  state         text   not null check (state in ('working', 'done', 'refused')),
  records       bigint not null default 0,
  line          bigint not null default 0,
  rows          bigint not null default 0,
  result_bytes  bigint not null default 0,
  figures       json   not null default '{}',
  kept          text   not null default '',
  reason        text   not null default '',
  begun_at      timestamptz not null default now(),
  changed_at    timestamptz not null default now(),
  primary key (tenant, source, digest)
) with (fillfactor = 50);
create index file_progress_by_taking on file_progress (tenant, source, taken);

-- The way of each payload and event, made from the logs; `hub trail rebuild` makes it again.
create table trail (
  log          text   not null check (log in ('landing', 'ledger', 'door')),
  n            bigint not null,
  line         int    not null,
  tenant       text   not null,
  at           timestamptz not null,
  stage        text   not null,
  status       text   not null,
  correlation  text   not null,
  source       text   not null,
  event_id     text,
  home         text,
  reason       text   not null default '',
  doc          json   not null,
  primary key (log, n, line)
);
create index trail_by_correlation on trail (tenant, correlation);
create index trail_by_home on trail (tenant, home) where home is not null;
create index trail_by_event on trail (tenant, event_id) where event_id is not null;
create index trail_by_time on trail (tenant, at desc);
create index trail_by_reason on trail (tenant, at desc) where reason <> '';

-- By what else a line is found whose event left no row in its home: order references and serials, as
-- serials are compared. By equality alone, for that is all a policy lets an index serve.
create table trail_name (
  tenant  text   not null,
  value   text   not null,
  log     text   not null,
  n       bigint not null,
  line    int    not null,
  primary key (tenant, value, log, n, line)
);

create table trail_progress (
  log    text   not null,
  topic  text   not null,
  part   int    not null,
  n      bigint not null,
  primary key (log, topic, part)
);

-- When a partition was first seen to be published, or projected, so far; kept for some days.
create table trail_mark (
  what   text   not null check (what in ('published', 'projected')),
  name   text   not null,
  part   int    not null,
  seq    bigint not null,
  at     timestamptz not null default clock_timestamp(),
  primary key (what, name, part, seq)
);
create index trail_mark_by_time on trail_mark using brin (at);

-- Where the trail is behind its logs, as figures without a tenant. A file's place names its tenant: it is
-- told to whoever speaks for that tenant, summed up without a name to whoever speaks for nobody.
create function hub_trail_behind()
returns table (log text, topic text, part int, batches bigint, seconds float8)
language sql stable security definer set search_path = pg_catalog, public as $$
  with asked as (select coalesce(current_setting('hub.tenant', true), '') as tenant),
  place as (
    select 'ledger' as log, o.topic, o.part from public.partition_owner o
    union all
    select 'landing', o.topic, o.part from public.landing_owner o
    union all
    -- A file has no owner row; one that is older than these was shown long ago.
    select distinct 'landing', l.topic, l.part from public.landing l, asked
     where l.n > (select max(n) from public.landing) - 2000
       and starts_with(l.topic, case asked.tenant when '' then 'file:' else 'file:' || asked.tenant || '/' end)),
  news as (
    select place.log, place.topic, place.part, new.batches, extract(epoch from now() - new.at)::float8 as seconds
      from place
      left join public.trail_progress p
        on p.log = place.log and p.topic = place.topic and p.part = place.part,
      lateral (
        select count(*) as batches, min(rows.at) as at from (
          (select l.at from public.ledger l
            where place.log = 'ledger' and l.topic = place.topic and l.part = place.part
              and l.n > coalesce(p.n, 0) order by l.n limit 1000)
          union all
          (select l.at from public.landing l
            where place.log = 'landing' and l.topic = place.topic and l.part = place.part
              and l.n > coalesce(p.n, 0) order by l.n limit 1000)) rows) new
     where new.batches > 0)
  select news.log, news.topic, news.part, news.batches, news.seconds from news, asked
   where asked.tenant <> '' or not starts_with(news.topic, 'file:')
  union all
  select 'landing', 'file:', 0, sum(news.batches)::bigint, max(news.seconds) from news, asked
   where asked.tenant = '' and starts_with(news.topic, 'file:') having count(*) > 0
$$;

alter table request
  add column sent_at timestamptz,
  add column correlation text;
create index request_by_event on request (tenant, event_id);
create index purchase_by_order on purchase (tenant, order_reference);
-- Lists are read in the order of ids, which never change, tenant by tenant. Updates of a unit hardly ever
-- touch these columns, so they stay as cheap as they were.
create index unit_by_tenant on unit (tenant, id);
create index unit_by_serial on unit (tenant, serial_norm) where serial_norm is not null;

-- For the board: counts without a tenant, and for an operator the names to choose from. A view
-- reads with its owner's eyes, past the policies below.
create view open_items as
select topic, state, count(*) as items, count(distinct home) as homes, min(received_at) as oldest
  from item group by grouping sets ((topic, state), (topic));
create view tenant_names as select id from tenant;

-- Whoever speaks for a tenant sees that tenant's rows; without one, none.
do $$
declare tab text; col text;
begin
  for tab, col in values
    ('tenant', 'id'), ('source', 'tenant'), ('api_key', 'tenant'), ('request', 'tenant'),
    ('purchase', 'tenant'), ('unit', 'tenant'), ('name', 'tenant'), ('contact', 'tenant'),
    ('item', 'tenant'), ('letter', 'tenant'), ('timer', 'tenant'), ('parked', 'tenant'),
    ('checkpoint', 'tenant'), ('lease', 'tenant'), ('file_progress', 'tenant'), ('trail', 'tenant'),
    ('trail_name', 'tenant')
  loop
    execute format('alter table %I enable row level security', tab);
    execute format('create policy engine on %I to hub_engine using (true) with check (true)', tab);
    execute format('create policy one_tenant on %I to hub_api using (%I = current_setting(''hub.tenant'', true)) '
                   'with check (%I = current_setting(''hub.tenant'', true))', tab, col, col);
  end loop;
end $$;

grant usage on schema public to hub_engine, hub_api;
grant select, insert, update, delete, truncate on all tables in schema public to hub_engine;
grant usage, select on all sequences in schema public to hub_engine;
-- A projection is rebuilt into a table beside the old one, which then takes its place.
grant create on schema public to hub_engine;
alter table activity owner to hub_engine;
grant select on tenant, source, request, purchase, unit, name, parked, file_progress, trail, trail_name
  to hub_api;
grant insert, update on request to hub_api;
-- Each is one round trip of a door with a caller waiting. They obey the policy: it is `hub.tenant` that
-- they set, for their own transaction.
create function hub_reserve(
  for_tenant text, request_id text, in_scope text, of_body text, of_event text, of_correlation text, patience float8)
returns table (mine boolean, body_hash text, outcome text, answer text)
language plpgsql as $$
begin
  perform set_config('hub.tenant', for_tenant, true);
  insert into request (id, tenant, scope, body_hash, event_id, correlation, sent_at)
  values (request_id, for_tenant, in_scope, of_body, of_event, of_correlation, clock_timestamp())
  on conflict (id) do nothing;
  if found then
    return query select true, null::text, null::text, null::text;
    return;
  end if;
  -- Whoever reserved it may never have sent it: after a caller's patience the next one does.
  update request r set sent_at = clock_timestamp()
   where r.id = request_id and r.outcome is null and r.body_hash = of_body
     and (r.sent_at is null or r.sent_at <= clock_timestamp() - make_interval(secs => patience));
  return query select found, r.body_hash, r.outcome, r.answer from request r where r.id = request_id;
end $$;

create function hub_look(for_tenant text, request_id text)
returns table (outcome text, answer text)
language plpgsql as $$
begin
  perform set_config('hub.tenant', for_tenant, true);
  return query select r.outcome, r.answer from request r where r.id = request_id;
end $$;

-- Figures without a tenant, for the board.
grant select on partition_owner, landing_owner, projection_progress, trail_progress, trail_mark, activity,
  open_items, tenant_names to hub_api;
revoke all on function hub_authenticate(text), hub_trail_behind() from public;
grant execute on function hub_authenticate(text), hub_trail_behind() to hub_engine, hub_api;
