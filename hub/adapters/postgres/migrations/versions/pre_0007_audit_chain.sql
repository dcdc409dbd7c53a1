-- When a row was added, by Postgres alone; `at` is when what it tells of happened.
alter table audit_entry add column added_at timestamptz not null default clock_timestamp();

-- Lists are read newest first whatever they are narrowed to. Most rows tell of payloads and decisions, and
-- those are found by time as quickly as by their action.
drop index audit_entry_unlinked;
drop index audit_entry_by_subject;
drop index audit_entry_by_actor;
create index audit_entry_unlinked on audit_entry (tenant, n) where seq is null;
create index audit_entry_by_subject on audit_entry (tenant, subject, at desc, n desc);
create index audit_entry_by_actor on audit_entry (tenant, by_id, at desc, n desc);
create index audit_entry_by_action on audit_entry (tenant, action, at desc, n desc)
  where action not in ('payload:landed', 'event:decided', 'event:repeated');
create index audit_entry_by_why on audit_entry (tenant, at desc, n desc) where why <> '';

-- A row is added unlinked, linked once, and stays. Whoever owns the table is held to it, too.
create function hub_stays() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are only ever added', tg_table_name
    using errcode = 'insufficient_privilege',
          hint = 'to say that something was wrong, add a row that says so';
end $$;
create trigger added_unlinked before insert on audit_entry for each row
  when (num_nonnulls(new.seq, new.prev, new.hash) > 0) execute function hub_stays();
create trigger linked_once before update on audit_entry for each row
  when (num_nonnulls(old.seq, old.prev, old.hash) > 0 or num_nulls(new.seq, new.prev, new.hash) > 0
        or (new.n, new.tenant, new.at, new.added_at, new.action, new.subject, new.by_kind, new.by_id, new.by_role,
            new.why, new.origin, new.correlation, new.doc::text)
           is distinct from
           (old.n, old.tenant, old.at, old.added_at, old.action, old.subject, old.by_kind, old.by_id, old.by_role,
            old.why, old.origin, old.correlation, old.doc::text))
  execute function hub_stays();
create trigger never_deleted before delete on audit_entry for each row execute function hub_stays();
create trigger never_emptied before truncate on audit_entry for each statement execute function hub_stays();
revoke insert on audit_entry from hub_engine, hub_api;
grant insert (tenant, at, action, subject, by_kind, by_id, by_role, why, origin, correlation, doc)
  on audit_entry to hub_engine;
grant insert (tenant, action, subject, by_kind, by_id, by_role, why, origin, correlation, doc)
  on audit_entry to hub_api;

-- How far each tenant's chain is, and how far its newest signed head is and was told to Kafka.
create table audit_chain (
  tenant     text   primary key,
  seq        bigint not null default 0,
  hash       bytea  not null default decode(repeat('00', 32), 'hex'),
  head_seq   bigint not null default 0,
  head_at    timestamptz,
  head_hash  bytea  not null default decode(repeat('00', 32), 'hex'),  -- of the head as it was signed
  sent_seq   bigint not null default 0,
  sent_at    timestamptz
) with (fillfactor = 50);

-- Signed heads: who alters the rows before one cannot sign another (hub/audit/heads.py).
create table audit_head (
  tenant     text   not null,
  seq        bigint not null,
  hash       bytea  not null,
  at         timestamptz not null,
  previous   bytea  not null,
  key        text   not null,
  signature  bytea  not null,
  primary key (tenant, seq)
);

-- What a verification found, kept beside the log it looked at.
create table audit_check (
  n         bigint generated always as identity primary key,
  tenant    text   not null,
  at        timestamptz not null default clock_timestamp(),
  by        text   not null,
  doc       json   not null
);
create index audit_check_by_tenant on audit_check (tenant, n desc);

-- A month's sample: what was drawn from how many, and what its reviewers found.
create table audit_sample (
  id          text   primary key,
  tenant      text   not null,
  month       date   not null check (extract(day from month) = 1),
  size        int    not null check (size between 1 and 1000),
  seed        text   not null,
  population  bigint not null,
  by          text   not null,
  drawn_at    timestamptz not null default clock_timestamp()
);
create index audit_sample_by_tenant on audit_sample (tenant, month desc, id);
create table audit_sampled (
  sample    text not null references audit_sample (id),
  place     int  not null,
  tenant    text not null,
  kind      text not null,
  record    text not null,
  primary key (sample, place)
);
create table audit_review (
  sample    text not null,
  place     int  not null,
  tenant    text not null,
  by        text not null,
  by_role   text not null,
  at        timestamptz not null default clock_timestamp(),
  findings  json not null,
  primary key (sample, place),
  foreign key (sample, place) references audit_sampled (sample, place)
);

do $$
declare tab text;
begin
  foreach tab in array array['audit_chain', 'audit_head', 'audit_check', 'audit_sample', 'audit_sampled',
                             'audit_review'] loop
    execute format('alter table %I enable row level security', tab);
    execute format('create policy engine on %I to hub_engine using (true) with check (true)', tab);
    execute format('create policy one_tenant on %I to hub_api using (tenant = current_setting(''hub.tenant'', true)) '
                   'with check (tenant = current_setting(''hub.tenant'', true))', tab);
  end loop;
  foreach tab in array array['audit_head', 'audit_check', 'audit_sample', 'audit_sampled', 'audit_review'] loop
    execute format('create trigger never_changed before update or delete on %I for each row execute function '
                   'hub_stays()', tab);
    execute format('create trigger never_emptied before truncate on %I for each statement execute function '
                   'hub_stays()', tab);
  end loop;
end $$;
grant select, insert, update on audit_chain to hub_engine;
grant select, insert on audit_head, audit_check to hub_engine;
grant select on audit_chain, audit_head, audit_check, audit_sample, audit_sampled, audit_review
  to hub_engine, hub_api;
grant insert (id, tenant, month, size, seed, population, by) on audit_sample to hub_engine, hub_api;
grant insert on audit_sampled to hub_engine, hub_api;
grant insert (sample, place, tenant, by, by_role, findings) on audit_review to hub_engine, hub_api;
grant usage, select on all sequences in schema public to hub_engine, hub_api;

-- The audit keeps a place of its own in each log, so that making the trail again enters nothing twice, and
-- what older code showed in the trail alone is entered, too.
alter table trail_progress add column audited bigint not null default 0;

-- One process at a time links the chains of a partition of the audit topic.
alter table lease drop constraint lease_door_check,
  add constraint lease_door_check check (door in ('pull', 'files', 'chain'));

-- What staff do is an entry at once, in the same transaction, as it is a line of the trail.
create function hub_staff_action_name(verb text) returns text
language sql immutable set search_path = pg_catalog as $$
  select case verb
    when 'note' then 'item:noted' when 'look' then 'item:opened' when 'redrive' then 'item:redriven'
    when 'hold' then 'item:held' when 'release' then 'item:released' when 'give_up' then 'item:given_up'
    when 'edit' then 'item:edited' when 'replay' then 'record:replayed'
    when 'stop' then 'redrive:stopped' when 'continue' then 'redrive:continued' end
$$;
create function hub_enter_staff() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  insert into public.audit_entry (tenant, at, action, subject, by_kind, by_id, why, origin, correlation, doc)
  select a.tenant, a.at, public.hub_staff_action_name(a.verb),
         left(coalesce(nullif(a.event_id, ''), a.topic || '/' || a.part || '/' || a."offset", 'redrive/' || a.redrive,
                       'staff/' || a.n), 200),
         case when a.by like '%/%' and a.by not like 'hub/%' then 'key' else 'operator' end, left(a.by, 200),
         left(a.text, 1000), 'staff', left(coalesce(nullif(a.correlation, ''), nullif(a.event_id, ''),
                                                    'staff/' || a.n), 200),
         json_build_object(
           'stage', 'staff', 'status', a.verb, 'source', a.source, 'event', nullif(a.event_id, ''),
           'payload', json_build_object('by', a.by, 'topic', a.topic, 'part', a.part, 'offset', a."offset",
                                        'code', a.code, 'redrive', a.redrive, 'doc', a.doc))
    from added a;
  return null;
end $$;
create trigger entered after insert on staff_action
  referencing new table as added for each statement execute function hub_enter_staff();

-- What stands in the trail alone: acts of staff, and refusals at doors, which no log has.
insert into audit_entry (tenant, at, action, subject, by_kind, by_id, why, origin, correlation, doc)
select t.tenant, t.at, public.hub_staff_action_name(t.status), coalesce(t.event_id, t.correlation),
       case when t.doc ->> 'by' like '%/%' and t.doc ->> 'by' not like 'hub/%' then 'key' else 'operator' end,
       t.doc ->> 'by', left(t.reason, 1000), 'staff', t.correlation,
       json_build_object('stage', t.stage, 'status', t.status, 'source', t.source, 'event', t.event_id,
                         'payload', t.doc)
  from trail t where t.log = 'staff' order by t.n;
insert into audit_entry (tenant, at, action, subject, by_kind, by_id, why, origin, correlation, doc)
select t.tenant, t.at, 'door:refused', t.correlation,
       case when t.doc ->> 'principal' is null then 'system' else 'key' end,
       coalesce(t.doc ->> 'principal', 'nobody'), left(t.reason, 1000),
       left(t.source || ' ' || (t.doc ->> 'path'), 200), t.correlation,
       json_build_object('stage', t.stage, 'status', t.status, 'source', t.source, 'hash', t.doc ->> 'hash',
                         'size', (t.doc ->> 'size')::bigint, 'suppressed', (t.doc ->> 'suppressed')::int)
  from trail t where t.log = 'door' order by t.n;
