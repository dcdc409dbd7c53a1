-- What somebody showed of a purchase; it lives in the home of its warranty.
create table proof (
  id        text primary key,
  home      text   not null,
  tenant    text   not null,
  version   bigint not null,
  state     text   not null,
  warranty  text   not null,
  doc       json   not null
);
create index proof_by_home on proof (home);
create index proof_by_state on proof (tenant, state, id);

-- A picture or paper as it was cleaned, sealed with the key of its tenant. It decides nothing.
create table media (
  id        text primary key,
  tenant    text   not null,
  warranty  text   not null,
  kind      text   not null check (kind in ('image/jpeg', 'application/pdf')),
  size      int    not null,
  width     int    not null,
  height    int    not null,
  pages     int    not null,
  sealed    bytea  not null,
  sent_by   text   not null,
  sent_at   timestamptz not null default clock_timestamp()
);
-- It is dense already.
alter table media alter column sealed set storage external;
create index media_by_warranty on media (warranty);
create index media_by_time on media (tenant, sent_at);

do $$
declare tab text;
begin
  foreach tab in array array['proof', 'media'] loop
    execute format('alter table %I enable row level security', tab);
    execute format('create policy engine on %I to hub_engine using (true) with check (true)', tab);
    execute format('create policy one_tenant on %I to hub_api using (tenant = current_setting(''hub.tenant'', true)) '
                   'with check (tenant = current_setting(''hub.tenant'', true))', tab);
    execute format('grant select, insert, update, delete, truncate on %I to hub_engine', tab);
    execute format('grant select on %I to hub_api', tab);
  end loop;
end $$;
grant insert on media to hub_api;
