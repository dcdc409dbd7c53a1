-- What is over is looked for every minute by every process that answers callers, and is little of all there is.
drop index person_session_by_end;
create index person_session_by_end on person_session (coalesce(ended_at, expires_at));
create index single_use_by_end on single_use (expires_at);

-- A tenant's bulks are listed without a look at those of others.
create index redrive_by_tenant on redrive (tenant, id);

-- Not `clock_timestamp()`, which moves while a statement runs: no index is asked for it.
create or replace function hub_forget_old() returns void
language sql security definer set search_path = pg_catalog, public as $$
  delete from public.limit_rate where full_at < statement_timestamp() - interval '5 minutes';
  delete from public.person_session
   where coalesce(ended_at, expires_at) < statement_timestamp() - interval '30 days';
  delete from public.single_use where expires_at < statement_timestamp() - interval '1 day';
$$;
create or replace function hub_mail_due(most int, patience float8)
returns table (n bigint, tenant text, sealed bytea, attempts int)
language sql security definer set search_path = pg_catalog, public as $$
  update public.mail m set attempts = m.attempts + 1, due_at = clock_timestamp() + make_interval(secs => patience)
   where m.n in (select d.n from public.mail d where d.due_at <= statement_timestamp()
                  order by d.due_at limit most for update skip locked)
  returning m.n, m.tenant, m.sealed, m.attempts
$$;
