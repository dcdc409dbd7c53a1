-- Who did what, why and from where. Nobody changes or deletes a row; a chainer numbers a tenant's rows and
-- links each to the one before it (hub/audit).
create table audit_entry (
  n            bigint generated always as identity primary key,
  tenant       text   not null,
  at           timestamptz not null default clock_timestamp(),
  action       text   not null check (action ~ '^[a-z][a-z_]*:[a-z][a-z_]*$'),
  subject      text   not null,
  by_kind      text   not null check (by_kind in ('person', 'key', 'source', 'operator', 'system')),
  by_id        text   not null,
  by_role      text   not null default '',
  why          text   not null default '',
  origin       text   not null default '',
  correlation  text   not null default '',
  doc          json   not null default '{}',
  seq          bigint,                                     -- its place in the tenant's chain, once linked
  prev         bytea,                                      -- the hash before it
  hash         bytea                                       -- over this row and `prev`
);
create unique index audit_entry_by_seq on audit_entry (tenant, seq) where seq is not null;
create index audit_entry_unlinked on audit_entry (n) where seq is null;
create index audit_entry_by_time on audit_entry (tenant, at desc, n desc);
create index audit_entry_by_subject on audit_entry (tenant, subject, n desc);
create index audit_entry_by_actor on audit_entry (tenant, by_id, n desc);
alter table audit_entry enable row level security;
create policy engine on audit_entry to hub_engine using (true) with check (true);
create policy one_tenant on audit_entry to hub_api using (tenant = current_setting('hub.tenant', true))
  with check (tenant = current_setting('hub.tenant', true));
grant select, insert on audit_entry to hub_engine, hub_api;
grant update (seq, prev, hash) on audit_entry to hub_engine;
