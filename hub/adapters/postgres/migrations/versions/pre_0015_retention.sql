-- What a run of `hub retain` removed of a tenant, by which version of its policy; one is open at a time.
create table retention_run (
  n         bigint generated always as identity primary key,
  tenant    text  not null,
  version   int,                                            -- of the policy `retention`; null: none was in force
  days      jsonb not null,                                 -- by kind; null: nothing of it goes by age
  removed   jsonb not null,                                 -- how many, by table
  began_at  timestamptz not null default clock_timestamp(),
  ended_at  timestamptz
);
create unique index retention_run_open on retention_run (tenant) where ended_at is null;
create index retention_run_by_tenant on retention_run (tenant, n);

alter table retention_run enable row level security;
create policy engine on retention_run to hub_engine using (true) with check (true);
create policy one_tenant on retention_run to hub_api using (tenant = current_setting('hub.tenant', true))
  with check (tenant = current_setting('hub.tenant', true));
grant select, insert, update on retention_run to hub_engine;
grant select on retention_run to hub_api;

-- A merchant that left. Its row stays, and refuses whatever still comes in its name.
alter table tenant add column erased_at timestamptz;
alter table source add column erased_at timestamptz;       -- of its merchant; nothing is taken in by it any more
alter table privacy_request
  drop constraint privacy_request_kind_check,
  add constraint privacy_request_kind_check check (kind in ('erasure', 'export', 'tenant'));

-- A key that was right is told that its merchant was erased.
drop function hub_authenticate(text);
create function hub_authenticate(key_id text)
returns table (tenant text, principal text, hash bytea, role text, scopes text[], is_over boolean, seconds float8,
               is_erased boolean)
language sql stable security definer set search_path = pg_catalog, public as $$
  select k.tenant, k.principal, k.hash, k.role, k.scopes,
         k.revoked_at is not null or k.expires_at <= clock_timestamp(),
         extract(epoch from k.expires_at - clock_timestamp())::float8,
         exists (select 1 from public.tenant t where t.id = k.tenant and t.erased_at is not null)
    from public.api_key k where k.id = key_id
$$;
revoke all on function hub_authenticate(text) from public;
grant execute on function hub_authenticate(text) to hub_engine, hub_api;
