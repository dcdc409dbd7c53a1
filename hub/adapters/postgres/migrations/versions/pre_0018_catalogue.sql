-- A product; version 0 is one that a sale named and whose home has not heard of it yet.
create table product (
  id        text primary key,
  home      text   not null,
  tenant    text   not null,
  version   bigint not null,
  code      text,
  brand     text,
  name      text   not null,
  name_key  text,
  category  text,
  doc       json   not null
);
create index product_by_home on product (home);
create index product_by_code on product (tenant, code, id);
create index product_by_name on product (tenant, name_key);
create index product_by_category on product (tenant, category, id);

create table category (
  id        text primary key,
  home      text   not null,
  tenant    text   not null,
  version   bigint not null,
  code      text   not null,
  doc       json   not null
);
create index category_by_home on category (home);
create index category_by_code on category (tenant, code);

-- The stock of a product at a branch is the sum of its movements: each is a row of its own and counts once.
create table stock_movement (
  id        text primary key,
  home      text   not null,
  tenant    text   not null,
  version   bigint not null,
  product   text   not null,
  branch    text   not null,
  quantity  int    not null,
  moved_at  timestamptz not null,
  doc       json   not null
);
create index stock_movement_by_home on stock_movement (home);
create index stock_movement_by_product on stock_movement (tenant, product, branch) include (quantity, moved_at);

-- E2: a line without a code makes a product of its own, whoever has its brand and name.
alter table tenant add column makes_each boolean not null default false;

do $$
declare tab text;
begin
  foreach tab in array array['product', 'category', 'stock_movement'] loop
    execute format('alter table %I enable row level security', tab);
    execute format('create policy engine on %I to hub_engine using (true) with check (true)', tab);
    execute format('create policy one_tenant on %I to hub_api using (tenant = current_setting(''hub.tenant'', true)) '
                   'with check (tenant = current_setting(''hub.tenant'', true))', tab);
    execute format('grant select, insert, update, delete, truncate on %I to hub_engine', tab);
    execute format('grant select on %I to hub_api', tab);
  end loop;
end $$;
