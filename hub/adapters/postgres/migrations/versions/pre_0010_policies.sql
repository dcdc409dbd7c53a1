-- A home of the catalog: a policy, a merchant, and what else is laid down; one head each.
create table catalog (
  id       text primary key,
  tenant   text   not null,
  version  bigint not null,
  kind     text,
  name     text,
  doc      json,
  inbox    json   not null
);
create index catalog_by_kind on catalog (tenant, kind, name);

-- Every version of every policy; never changed once it is there.
create table policy (
  id              text primary key,
  home            text   not null,
  tenant          text   not null,
  version         bigint not null,
  name            text   not null,
  number          int    not null,
  effective_from  timestamptz not null,
  doc             json   not null,
  unique (tenant, name, number)
);
create index policy_by_home on policy (home);

-- A change that somebody wants and another has to approve; it lives in the home of its warranty.
create table proposal (
  id        text primary key,
  home      text   not null,
  tenant    text   not null,
  version   bigint not null,
  state     text   not null,
  warranty  text   not null,
  doc       json   not null
);
create index proposal_by_home on proposal (home);
create index proposal_by_state on proposal (tenant, state, id);

do $$
declare tab text;
begin
  foreach tab in array array['catalog', 'policy', 'proposal'] loop
    execute format('alter table %I enable row level security', tab);
    execute format('create policy engine on %I to hub_engine using (true) with check (true)', tab);
    execute format('create policy one_tenant on %I to hub_api using (tenant = current_setting(''hub.tenant'', true)) '
                   'with check (tenant = current_setting(''hub.tenant'', true))', tab);
    execute format('grant select, insert, update, delete, truncate on %I to hub_engine', tab);
    execute format('grant select on %I to hub_api', tab);
  end loop;
end $$;
