-- By which a vendor lets us ask; sealed, and given by a person.
alter table source add column token bytea;

-- What a shop said of the order that a registration names, kept before the registration is decided by it: what
-- it said first counts for ever. Nothing in it is personal.
create table shop_answer (
  tenant    text   not null,
  key       text   not null,                               -- SHA-256 of the event and of what was asked
  source    text   not null,
  event     text   not null,
  doc       json   not null,
  asked_at  timestamptz not null default clock_timestamp(),
  primary key (tenant, key)
);
alter table shop_answer enable row level security;
create policy engine on shop_answer to hub_engine using (true) with check (true);
create policy one_tenant on shop_answer to hub_api using (tenant = current_setting('hub.tenant', true))
  with check (tenant = current_setting('hub.tenant', true));
grant select, insert, update, delete, truncate on shop_answer to hub_engine;
-- Whoever only tries what would become of an event reads what was answered.
grant select on shop_answer to hub_api;
