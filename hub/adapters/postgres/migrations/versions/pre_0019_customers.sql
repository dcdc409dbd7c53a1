-- A contact stands where exactly it is kept, so that none takes another's place; `customer` is who that would be
-- if nobody were known by its e-mail or phone. Older rows are kept under that itself.
alter table contact add column customer text;
create index contact_by_customer on contact (tenant, customer) where customer is not null;
-- Names that lead to a customer are looked up from there, too: to read, to export and to forget somebody.
create index name_by_customer on name (tenant, id) where kind in ('email', 'phone');
create index unit_by_customer on unit (tenant, customer) where customer is not null;
-- Whoever its reports name, where that is not its customer alone: who bought what another has registered.
alter table unit add column customers text[];
create index unit_by_customers on unit using gin (customers) where customers is not null;

-- Who was reported before is a customer: by e-mail, else by phone, whose first contact keeps it. What they are
-- called is not known here, for only a keyed hash of it is kept.
insert into name (kind, tenant, value, home, id)
select 'email', tenant, email_hash, substr(ref, 5), ref from contact
 where email_hash is not null and ref ~ '^cus_[a-z2-7]{16}$'
 order by 1, 2, 3
on conflict (kind, tenant, value) do nothing;
insert into name (kind, tenant, value, home, id)
select distinct on (tenant, phone_hash) 'phone', tenant, phone_hash, substr(ref, 5), ref from contact
 where phone_hash is not null and ref ~ '^cus_[a-z2-7]{16}$'
 order by tenant, phone_hash, email_hash is not null, seen_at, ref
on conflict (kind, tenant, value) do nothing;
insert into name (kind, tenant, value, home, id)
select 'customer', tenant, ref || chr(31) || 'name', substr(ref, 5), '' from contact
 where ref ~ '^cus_[a-z2-7]{16}$'
 order by 1, 2, 3
on conflict (kind, tenant, value) do nothing;
