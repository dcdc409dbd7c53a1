-- How long a source may land nothing before it counts as silent; null where nobody asked.
alter table source add column quiet_after int check (quiet_after > 0);  -- seconds

-- When a source last landed something, made by the trail from the landing log, some seconds coarse.
create table source_heard (
  tenant  text not null,
  source  text not null,
  at      timestamptz not null,
  primary key (tenant, source),
  foreign key (tenant, source) references source (tenant, name) on delete cascade
) with (fillfactor = 50);
alter table source_heard enable row level security;
create policy engine on source_heard to hub_engine using (true) with check (true);
create policy one_tenant on source_heard to hub_api using (tenant = current_setting('hub.tenant', true));
grant select, insert, update, delete on source_heard to hub_engine;
grant select on source_heard to hub_api;
