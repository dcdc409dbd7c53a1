-- Random keys of tenants, wrapped by the master key, which stands nowhere in the database. Version 0 hashes
-- contact values and never changes; each later version seals until the next one does. A row without its key
-- is one that was thrown away.
create table tenant_key (
  tenant        text not null,
  version       int  not null check (version >= 0),
  wrapped       bytea,
  created_at    timestamptz not null default clock_timestamp(),
  seals_from    timestamptz not null default clock_timestamp(),  -- everybody has heard of it by then
  resealed_at   timestamptz,                                     -- whatever is kept is sealed with it since
  retired_at    timestamptz,                                     -- nothing kept is sealed with it since
  destroyed_at  timestamptz,
  changed_at    timestamptz not null default clock_timestamp(),
  primary key (tenant, version)
);
-- Every process has to open what others have sealed, for whichever tenant; without the master key it is noise.
create function hub_tenant_keys()
returns table (tenant text, version int, wrapped bytea, seals boolean)
language sql stable security definer set search_path = pg_catalog, public as $$
  select k.tenant, k.version, k.wrapped, k.seals_from <= statement_timestamp() from public.tenant_key k
$$;
-- Differs from what it was as soon as any key is made, begins to seal, or is thrown away.
create function hub_tenant_keys_seen() returns text
language sql stable security definer set search_path = pg_catalog, public as $$
  select concat_ws('/', count(*), max(k.changed_at), count(*) filter (where k.seals_from <= statement_timestamp()),
                   count(k.wrapped)) from public.tenant_key k
$$;

-- Somebody's wish to be forgotten, or to be told what is kept: who asked, and what came of it. No value of theirs.
create table privacy_request (
  id          text primary key,
  tenant      text not null,
  kind        text not null check (kind in ('erasure', 'export')),
  by_kind     text not null,
  by_id       text not null,
  by_role     text not null default '',
  asked_at    timestamptz not null default clock_timestamp(),
  done_at     timestamptz,
  sealed      bytea,                                             -- by what to find them; gone once it is done
  report      json
);
create index privacy_request_by_tenant on privacy_request (tenant, asked_at desc);

-- Who was erased, by keyed hash, and when: what was said of them before then is not written again.
create table erased (
  tenant   text not null,
  hash     text not null,                                        -- of a value, or the contact's reference
  at       timestamptz not null,
  request  text not null,
  primary key (tenant, hash)
);
create index erased_by_time on erased (at);
-- What is kept sealed about somebody is found by it.
create index item_by_contact on item using gin (contacts) where contacts <> '{}';

-- How long a tenant wants things kept, in days, where it is not as the settings say.
create table retention (
  tenant      text primary key references tenant (id),
  days        json not null,
  changed_at  timestamptz not null default clock_timestamp()
);

alter table lease
  drop constraint lease_door_check,
  add constraint lease_door_check check (door in ('pull', 'files', 'chain', 'retain'));
create index trail_name_by_line on trail_name (log, n, line);

do $$
declare tab text;
begin
  foreach tab in array array['tenant_key', 'privacy_request', 'erased', 'retention'] loop
    execute format('alter table %I enable row level security', tab);
    execute format('create policy engine on %I to hub_engine using (true) with check (true)', tab);
    execute format('create policy one_tenant on %I to hub_api using (tenant = current_setting(''hub.tenant'', true)) '
                   'with check (tenant = current_setting(''hub.tenant'', true))', tab);
  end loop;
end $$;
grant select, insert, update, delete on tenant_key, privacy_request, erased, retention to hub_engine;
grant select on privacy_request, retention, contact to hub_api;
grant insert (id, tenant, kind, by_kind, by_id, by_role, sealed, report, done_at) on privacy_request to hub_api;
revoke all on function hub_tenant_keys(), hub_tenant_keys_seen() from public;
grant execute on function hub_tenant_keys(), hub_tenant_keys_seen() to hub_engine, hub_api;
