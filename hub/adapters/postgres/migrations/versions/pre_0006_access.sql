-- A key has a role, and may be narrowed, end by itself and be seen to be used.
alter table api_key
  add column role        text not null default 'integration',
  add column scopes      text[],                            -- null: whatever its role may
  add column expires_at  timestamptz,
  add column used_at     timestamptz;                       -- some minute of its last use
update api_key set role = 'operator' where tenant = 'hub';
create index api_key_by_holder on api_key (tenant, principal) where revoked_at is null;

-- Asked before it is known whose key it is. What is over is told too: its use is written down.
drop function hub_authenticate(text);
create function hub_authenticate(key_id text)
returns table (tenant text, principal text, hash bytea, role text, scopes text[], is_over boolean, seconds float8)
language sql stable security definer set search_path = pg_catalog, public as $$
  select k.tenant, k.principal, k.hash, k.role, k.scopes,
         k.revoked_at is not null or k.expires_at <= clock_timestamp(),
         extract(epoch from k.expires_at - clock_timestamp())::float8
    from public.api_key k where k.id = key_id
$$;
create function hub_key_used(key_ids text[]) returns void
language sql security definer set search_path = pg_catalog, public as $$
  update public.api_key set used_at = clock_timestamp()
   where id = any(key_ids) and (used_at is null or used_at < clock_timestamp() - interval '1 minute')
$$;

-- A user name and a password of a system, where a published interface asks for HTTP Basic.
create table basic_credential (
  tenant      text not null references tenant (id),
  name        text not null,
  hash        text not null,                                -- argon2
  role        text not null default 'integration',
  created_at  timestamptz not null default now(),
  revoked_at  timestamptz,
  primary key (tenant, name)
);

-- Staff and customers. What names a person stands sealed, and hashed with the tenant's key.
create table person (
  id          text primary key,
  tenant      text not null references tenant (id),
  role        text not null,
  state       text not null default 'invited' check (state in ('invited', 'active', 'inactive')),
  email_hash  text not null,
  email       bytea not null,                               -- sealed
  password    text,                                         -- argon2; null until one was chosen
  created_at  timestamptz not null default now(),
  changed_at  timestamptz not null default now(),
  unique (tenant, email_hash)
);

-- A login. Its refresh tokens are one family: whoever shows an old one ends it.
create table person_session (
  id          text primary key,
  tenant      text not null,
  person      text not null references person (id),
  begun_at    timestamptz not null default now(),
  expires_at  timestamptz not null,
  ended_at    timestamptz,
  ended_why   text
);
create index person_session_open on person_session (person) where ended_at is null;
create index person_session_by_end on person_session (expires_at);
create table refresh_token (
  hash        bytea primary key,
  tenant      text not null,
  session     text not null references person_session (id) on delete cascade,
  issued_at   timestamptz not null default now(),
  used_at     timestamptz
);
create index refresh_token_by_session on refresh_token (session);

-- What is sent to a person to choose a password with: taken once.
create table single_use (
  hash        bytea primary key,
  tenant      text not null,
  person      text not null references person (id),
  purpose     text not null check (purpose in ('invite', 'reset')),
  expires_at  timestamptz not null,
  used_at     timestamptz
);
create index single_use_by_person on single_use (person);

-- Mails on their way out, sealed; a row is gone once its mail is sent or given up.
create table mail (
  n          bigint generated always as identity primary key,
  tenant     text not null,
  purpose    text not null,
  sealed     bytea not null,
  queued_at  timestamptz not null default now(),
  due_at     timestamptz not null default now(),
  attempts   int not null default 0
);
create index mail_due on mail (due_at);
-- The sender serves every tenant: it is given what is due, which only the keyring opens.
create function hub_mail_due(most int, patience float8)
returns table (n bigint, tenant text, sealed bytea, attempts int)
language sql security definer set search_path = pg_catalog, public as $$
  update public.mail m set attempts = m.attempts + 1, due_at = clock_timestamp() + make_interval(secs => patience)
   where m.n in (select d.n from public.mail d where d.due_at <= clock_timestamp()
                  order by d.due_at limit most for update skip locked)
  returning m.n, m.tenant, m.sealed, m.attempts
$$;
create function hub_mail_done(mail_n bigint) returns void
language sql security definer set search_path = pg_catalog, public as $$
  delete from public.mail where n = mail_n
$$;
create function hub_mail_later(mail_n bigint, seconds float8) returns void
language sql security definer set search_path = pg_catalog, public as $$
  update public.mail set due_at = clock_timestamp() + make_interval(secs => seconds) where n = mail_n
$$;

-- What access tokens are signed with: the private part sealed, the public one for whoever verifies.
create table token_key (
  kid         text primary key,
  sealed      bytea not null,
  public      text not null,
  created_at  timestamptz not null default clock_timestamp(),
  retired_at  timestamptz
);

-- Requests a minute of each caller of a tenant, where it is not the default.
create table tenant_limit (
  tenant      text not null references tenant (id),
  kind        text not null check (kind in ('read', 'write', 'auth', 'upload')),
  per_minute  int  not null check (per_minute between 1 and 10000000),
  primary key (tenant, kind)
);
-- How far each caller has used what it has: a minute's worth is full at `full_at`. Nothing is lost with it
-- but counts, so no log is written for it.
create unlogged table limit_rate (
  bucket   bytea primary key,
  full_at  timestamptz not null
) with (fillfactor = 50);
create index limit_rate_by_time on limit_rate (full_at);

-- Takes up to `wanted` requests from a caller's minute; shared by all processes of all doors.
create function hub_take(of_bucket bytea, of_tenant text, of_kind text, otherwise int, wanted int)
returns table (taken int, per_minute int, remaining int, wait float8)
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  allowed  int;
  step     float8;
  moment   timestamptz;
  used     float8;                                          -- seconds of the minute that are used
  granted  int;
begin
  select l.per_minute into allowed from public.tenant_limit l where l.tenant = of_tenant and l.kind = of_kind;
  allowed := coalesce(allowed, otherwise);
  step := 60.0 / allowed;
  insert into public.limit_rate values (of_bucket, '-infinity') on conflict (bucket) do nothing;
  select r.full_at into moment from public.limit_rate r where r.bucket = of_bucket for update;
  used := case when moment = '-infinity' then 0
               else greatest(0, extract(epoch from moment - clock_timestamp())) end;
  granted := greatest(0, least(wanted, floor((60.0 - used) / step + 1e-6)::int));
  if granted > 0 then
    used := used + granted * step;
    update public.limit_rate r set full_at = clock_timestamp() + make_interval(secs => used)
     where r.bucket = of_bucket;
  end if;
  return query select granted, allowed, greatest(0, floor((60.0 - used) / step + 1e-6)::int),
                      case when granted > 0 then 0 else greatest(0, used + step - 60.0) end;
end $$;

-- What nobody needs any more: counts that are full again, sessions and tokens long over.
create function hub_forget_old() returns void
language sql security definer set search_path = pg_catalog, public as $$
  delete from public.limit_rate where full_at < clock_timestamp() - interval '5 minutes';
  delete from public.person_session where coalesce(ended_at, expires_at) < clock_timestamp() - interval '30 days';
  delete from public.single_use where expires_at < clock_timestamp() - interval '1 day';
$$;

do $$
declare tab text;
begin
  foreach tab in array array['basic_credential', 'person', 'person_session', 'refresh_token', 'single_use',
                             'mail', 'tenant_limit'] loop
    execute format('alter table %I enable row level security', tab);
    execute format('create policy engine on %I to hub_engine using (true) with check (true)', tab);
    execute format('create policy one_tenant on %I to hub_api using (tenant = current_setting(''hub.tenant'', true)) '
                   'with check (tenant = current_setting(''hub.tenant'', true))', tab);
    execute format('grant select, insert, update, delete on %I to hub_engine', tab);
  end loop;
end $$;
grant usage, select on all sequences in schema public to hub_engine, hub_api;
grant select, insert, update, delete on token_key, limit_rate to hub_engine;
grant select, insert on token_key to hub_api;
grant select on basic_credential, person, person_session, refresh_token, single_use, tenant_limit to hub_api;
grant insert on person, person_session, refresh_token, single_use, mail to hub_api;
grant update (role, state, password, changed_at) on person to hub_api;
grant update (ended_at, ended_why) on person_session to hub_api;
grant update (used_at) on refresh_token, single_use to hub_api;
grant select (id, tenant, principal, role, scopes, created_at, expires_at, used_at, revoked_at) on api_key to hub_api;
grant insert (id, tenant, principal, hash, role, scopes, expires_at) on api_key to hub_api;
grant update (revoked_at) on api_key to hub_api;
revoke all on function hub_authenticate(text), hub_key_used(text[]), hub_mail_due(int, float8),
  hub_mail_done(bigint), hub_mail_later(bigint, float8), hub_forget_old(), hub_take(bytea, text, text, int, int) from public;
grant execute on function hub_authenticate(text), hub_key_used(text[]), hub_mail_due(int, float8),
  hub_mail_done(bigint), hub_mail_later(bigint, float8), hub_forget_old(), hub_take(bytea, text, text, int, int)
  to hub_engine, hub_api;
