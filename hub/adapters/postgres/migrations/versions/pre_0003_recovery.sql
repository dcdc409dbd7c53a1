-- Whatever failed waits in `item`: events that could not be decided, and records of raw topics that could
-- not be translated. Both are tried again, held and ended in the same way.
alter table item
  drop constraint item_state_check,
  add constraint item_state_check check (state in ('retrying', 'held', 'dead_lettered', 'parked')),
  add column source       text not null default '',
  add column code         text not null default '',        -- why, in one word
  add column release      text not null default '',        -- of the hub that tried it last
  add column revision     int  not null default 0,         -- of the translation that was tried last
  add column hash         text not null default '',        -- of the body as it came
  add column correlation  text not null default '',
  add column dependency   text,                            -- what outside was away
  add column kept_at      timestamptz not null default now(),
  add column tried_at     timestamptz not null default now(),
  add column on_hold      text,                            -- why a person holds it back
  add column wanted_by    text,
  add column wanted_at    timestamptz,                     -- not before then
  add column redrive      bigint,                          -- the bulk that asked for it last
  add column original     bytea,                           -- as it came, where a person has edited it
  drop column code_version;

-- Each is read from its beginning, in its order, and holds nothing that would have to be passed over.
drop index item_due;
create index item_due on item (topic, part, due_at, "offset")
  where due_at is not null and dependency is null and on_hold is null;
create index item_waiting on item (topic, part, tenant, dependency, due_at, "offset")
  where dependency is not null and state = 'retrying' and on_hold is null;
create index item_probed on item (topic, part, tenant, dependency, tried_at, "offset")
  where dependency is not null and state = 'retrying' and on_hold is null;
create index item_by_tenant on item (tenant, state, kept_at);
create index item_by_redrive on item (redrive, topic, part, "offset") where redrive is not null;
drop index item_wanted;
create index item_wanted on item (topic, part, (coalesce(wanted_at, '-infinity')), "offset") where wanted is not null;

-- A record that could not be translated is an item like any other.
insert into item (topic, part, "offset", state, tenant, event_id, type, attempt, reason, sealed, contacts, received_at,
                  source, code, revision, hash, correlation, kept_at, wanted, wanted_why)
select topic, part, "offset", 'parked', tenant, raw_id, '', 1, reason, sealed, contacts, received_at,
       source, code, revision, payload_hash, raw_id, parked_at,
       case wanted when 'retry' then 'redrive' else wanted end, wanted_why
  from parked;
drop table parked;
alter table landing_owner
  add column retrying bigint not null default 0,
  add column held     bigint not null default 0;

-- Many timers may be due at one instant, and are read page by page.
drop index timer_due;
create index timer_due on timer (topic, part, due_at, home, name);

-- Something outside that events or records need: its breaker is open while `open_since` is set. There is a
-- row only for what has failed.
create table dependency (
  tenant      text not null,
  name        text not null,
  failures    int  not null default 0,
  open_since  timestamptz,
  probe_at    timestamptz,
  reason      text not null default '',
  changed_at  timestamptz not null default now(),
  primary key (tenant, name)
) with (fillfactor = 50);

-- What was fetched for a raw record before it was translated, sealed: fetched once, so that the same
-- record means the same whenever it is translated. Gone once the record is.
create table enrichment (
  topic     text   not null,
  part      int    not null,
  "offset"  bigint not null,
  tenant    text   not null,
  body      bytea  not null,                               -- SHA-256 of the payload it was fetched for
  sealed    bytea  not null,
  primary key (topic, part, "offset")
);

-- A range that is translated once more may be of one tenant or one source alone.
alter table raw_replay
  add column from_offset bigint not null default 0,
  add column tenant      text,
  add column source      text,
  add column by          text not null default '';

-- Many items asked for at once: how fast, and by whom. The items themselves say when each is wanted.
create table redrive (
  id        bigint generated always as identity primary key,
  tenant    text,                                          -- none: of all tenants
  wanted    text   not null check (wanted in ('redrive', 'give_up')),
  chosen    json   not null,                               -- the filter
  rate      float8 not null,                               -- items a second
  why       text   not null,
  by        text   not null,
  asked_at  timestamptz not null default clock_timestamp(),
  total     bigint not null default 0,                     -- items it has marked, each counted once
  last_at   timestamptz,                                   -- when the last of them is wanted
  ready_at  timestamptz,                                   -- every item that fits is marked
  ended_at  timestamptz                                    -- stopped by a person
);

-- What people did and noted about items, never changed.
create table staff_action (
  n            bigint generated always as identity primary key,
  tenant       text   not null,
  at           timestamptz not null default clock_timestamp(),
  by           text   not null,
  verb         text   not null
                 check (verb in ('note', 'look', 'redrive', 'hold', 'release', 'give_up', 'edit', 'replay',
                                 'stop', 'continue')),
  topic        text,
  part         int,
  "offset"     bigint,
  event_id     text   not null default '',
  correlation  text   not null default '',
  source       text   not null default '',
  code         text   not null default '',                 -- of a note
  text         text   not null default '',
  redrive      bigint,
  doc          json
);
create index staff_action_by_tenant on staff_action (tenant, at desc);
create index staff_action_by_item on staff_action (topic, part, "offset");
create index staff_action_by_event on staff_action (tenant, event_id) where event_id <> '';
create index staff_action_by_redrive on staff_action (redrive) where redrive is not null;
create index staff_action_notes on staff_action (n desc) where verb = 'note';

-- What staff do is a line of the trail at once, in the same transaction: it needs no follower, and the
-- role of the API may not write the trail itself.
alter table trail
  drop constraint trail_log_check,
  add constraint trail_log_check check (log in ('landing', 'ledger', 'door', 'staff'));
create function hub_show_staff() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  insert into public.trail (log, n, line, tenant, at, stage, status, correlation, source, event_id, reason, doc)
  select 'staff', a.n, 0, a.tenant, a.at, 'staff', a.verb,
         coalesce(nullif(a.correlation, ''), nullif(a.event_id, ''), 'staff/' || a.n), a.source,
         nullif(a.event_id, ''), a.text,
         json_build_object('by', a.by, 'topic', a.topic, 'part', a.part, 'offset', a."offset",
                           'code', a.code, 'redrive', a.redrive, 'doc', a.doc)
    from added a;
  return null;
end $$;
create trigger shown after insert on staff_action
  referencing new table as added for each statement execute function hub_show_staff();

do $$
declare tab text;
begin
  foreach tab in array array['dependency', 'enrichment', 'redrive', 'staff_action'] loop
    execute format('alter table %I enable row level security', tab);
    execute format('create policy engine on %I to hub_engine using (true) with check (true)', tab);
    execute format('create policy one_tenant on %I to hub_api using (tenant = current_setting(''hub.tenant'', true)) '
                   'with check (tenant = current_setting(''hub.tenant'', true))', tab);
  end loop;
end $$;

grant select, insert, update, delete, truncate on dependency, enrichment, redrive, staff_action to hub_engine;
grant usage, select on all sequences in schema public to hub_engine, hub_api;
grant select on item, dependency, redrive, staff_action to hub_api;
-- When it was is said by Postgres alone.
grant insert (tenant, wanted, chosen, rate, why, by) on redrive to hub_api;
grant insert (tenant, by, verb, topic, part, "offset", event_id, correlation, source, text, code, redrive, doc)
  on staff_action to hub_api;
grant select on enrichment to hub_api;
-- Whoever speaks for a tenant says what is wanted; only the owner of the partition acts on it.
grant update (wanted, wanted_why, wanted_by, wanted_at, on_hold, due_at, redrive, sealed, original, contacts, version)
  on item to hub_api;
grant update (total, last_at, ready_at, ended_at) on redrive to hub_api;
