-- A time that somebody wants translated once more, or only tried. The role of the API asks and may want it
-- stopped; a translator of the connector takes it under a lease, finds the offsets and says what became of it.
create table replay (
  n           bigint generated always as identity primary key,
  tenant      text   not null,                             -- whose records; `hub`: everybody's
  connector   text   not null,
  topic       text   not null,
  source      text,
  since       timestamptz not null,
  until       timestamptz,                                 -- none: until it was asked for
  dry_run     boolean not null,
  why         text   not null,
  by          text   not null,
  asked_at    timestamptz not null default clock_timestamp(),
  stop_at     timestamptz,                                 -- a person wants no more of it
  state       text   not null default 'asked'
              check (state in ('asked', 'working', 'done', 'refused', 'stopped')),
  reason      text   not null default '',                  -- why it was refused
  progress    float8 not null default 0,                   -- from 0 to 1
  result      json,                                        -- of a dry run
  ranges      json,                                        -- offsets, which tell of other tenants' traffic too
  begun_at    timestamptz,
  ended_at    timestamptz,
  epoch       bigint not null default 0,
  begun       int    not null default 0,                   -- so often, where nothing was away
  held_by     text,
  held_until  timestamptz
) with (fillfactor = 70);
create index replay_open on replay (topic, n) where state in ('asked', 'working');
create index replay_by_tenant on replay (tenant, n desc);
-- The same said again while it is open is the same replay.
create unique index replay_once on replay
  (tenant, topic, coalesce(source, ''), since, coalesce(until, 'infinity'), dry_run, by, md5(why))
  where state in ('asked', 'working') and stop_at is null;

-- Its ranges, which the lanes translate.
alter table raw_replay add column replay bigint references replay;
create index raw_replay_by_replay on raw_replay (replay) where replay is not null;

-- Nobody has more than a few open at once: what comes above that makes no row. One after the other of a
-- tenant, so that many at the same moment count each other.
create function hub_bound_replays() returns trigger language plpgsql set search_path = pg_catalog, public as $$
begin
  if new.state = 'asked' then
    perform pg_advisory_xact_lock(hashtextextended('replay/' || new.tenant, 0));
    if (select count(*) from replay
         where tenant = new.tenant and state in ('asked', 'working') and stop_at is null) >= 10 then
      return null;
    end if;
  end if;
  return new;
end $$;
create trigger bounded before insert on replay for each row execute function hub_bound_replays();

alter table replay enable row level security;
create policy engine on replay to hub_engine using (true) with check (true);
create policy one_tenant on replay to hub_api using (tenant = current_setting('hub.tenant', true))
  with check (tenant = current_setting('hub.tenant', true));
grant select, insert, update, delete, truncate on replay to hub_engine;
grant usage, select on all sequences in schema public to hub_engine, hub_api;
grant select (n, tenant, connector, topic, source, since, until, dry_run, why, by, asked_at, stop_at, state, reason,
              progress, result, begun_at, ended_at) on replay to hub_api;
grant insert (tenant, connector, topic, source, since, until, dry_run, why, by) on replay to hub_api;
grant update (stop_at) on replay to hub_api;
