-- A claim lives in the home of its warranty. Every list of them is read by an index that ends with the id,
-- so that a page costs the same however many there are.
create table claim (
  id         text primary key,
  home       text        not null,
  tenant     text        not null,
  version    bigint      not null,
  state      text        not null,
  is_open    boolean     not null,
  warranty   text        not null,
  issue      text        not null,
  product    text        not null,
  branch     text,
  customer   text,
  source     text        not null,
  reference  text,
  filed_at   timestamptz not null,
  codes      text[]      not null,
  doc        json        not null
);
create index claim_by_home on claim (home);
create index claim_by_tenant on claim (tenant, id);
create index claim_by_state on claim (tenant, state, id);
create index claim_open on claim (tenant, is_open, id);
create index claim_by_warranty on claim (tenant, warranty, id);
create index claim_by_issue on claim (tenant, issue, id);
create index claim_by_product on claim (tenant, product, id);
create index claim_by_branch on claim (tenant, branch, id) where branch is not null;
create index claim_by_customer on claim (tenant, customer, id) where customer is not null;
create index claim_by_reference on claim (tenant, source, reference) where reference is not null;
create index claim_by_filed on claim (tenant, filed_at, id);

-- Whoever sees one tenant alone may not ask an index of arrays: such operators might tell of rows that are not
-- theirs. So what a claim waits for stands here as well, kept by its row.
create table claim_code (
  tenant text not null,
  code   text not null,
  id     text not null,
  primary key (tenant, code, id)
);
create index claim_code_by_id on claim_code (id);

create function hub_claim_codes() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    delete from claim_code where id = old.id;
  end if;
  if tg_op <> 'DELETE' then
    insert into claim_code select new.tenant, code, new.id from unnest(new.codes) code
      on conflict do nothing;
  end if;
  return null;
end $$;
create trigger claim_codes_added after insert on claim
  for each row when (new.codes <> '{}') execute function hub_claim_codes();
create trigger claim_codes_changed after update of codes on claim
  for each row when (old.codes is distinct from new.codes) execute function hub_claim_codes();
create trigger claim_codes_gone after delete on claim
  for each row when (old.codes <> '{}') execute function hub_claim_codes();
create function hub_no_claim_codes() returns trigger language plpgsql as $$
begin
  delete from claim_code;
  return null;
end $$;
create trigger claim_codes_emptied after truncate on claim
  for each statement execute function hub_no_claim_codes();

-- What a decision asked of somebody outside; its id is its key.
create table claim_effect (
  id        text primary key,
  home      text        not null,
  tenant    text        not null,
  version   bigint      not null,
  state     text        not null,
  kind      text        not null,
  claim     text        not null,
  warranty  text        not null,
  branch    text,
  asked_at  timestamptz not null,
  doc       json        not null
);
create index claim_effect_by_home on claim_effect (home);
create index claim_effect_by_claim on claim_effect (claim);
create index claim_effect_by_tenant on claim_effect (tenant, id);
create index claim_effect_by_state on claim_effect (tenant, state, id);
create index claim_effect_by_kind on claim_effect (tenant, kind, id);

-- What was told to others of a claim and its effects, for whoever wants it explained.
create index delivery_of_claims on delivery (tenant, subject, seq) where left(subject, 4) in ('clm_', 'eff_');

do $$
declare tab text;
begin
  foreach tab in array array['claim', 'claim_code', 'claim_effect'] loop
    execute format('alter table %I enable row level security', tab);
    execute format('create policy engine on %I to hub_engine using (true) with check (true)', tab);
    execute format('create policy one_tenant on %I to hub_api using (tenant = current_setting(''hub.tenant'', true)) '
                   'with check (tenant = current_setting(''hub.tenant'', true))', tab);
    execute format('grant select, insert, update, delete, truncate on %I to hub_engine', tab);
    execute format('grant select on %I to hub_api', tab);
  end loop;
end $$;
