-- A clock that is set back makes nobody wait for it to come round again, and a count that is forgotten just
-- while it is asked for is begun anew.
create or replace function hub_take(of_bucket bytea, of_tenant text, of_kind text, otherwise int, wanted int)
returns table (taken int, per_minute int, remaining int, wait float8)
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  allowed  int;
  step     float8;
  moment   timestamptz;
  used     float8;                                          -- seconds of the minute that are used
  known    float8;
  granted  int;
begin
  select l.per_minute into allowed from public.tenant_limit l where l.tenant = of_tenant and l.kind = of_kind;
  allowed := coalesce(allowed, otherwise);
  step := 60.0 / allowed;
  loop
    insert into public.limit_rate values (of_bucket, '-infinity') on conflict (bucket) do nothing;
    select r.full_at into moment from public.limit_rate r where r.bucket = of_bucket for update;
    exit when found;
  end loop;
  known := case when moment = '-infinity' then 0
                else greatest(0, extract(epoch from moment - clock_timestamp())) end;
  -- A minute has no more than sixty seconds that can be used.
  used := least(60.0, known);
  granted := greatest(0, least(wanted, floor((60.0 - used) / step + 1e-6)::int));
  used := used + granted * step;
  if granted > 0 or known > used then
    update public.limit_rate r set full_at = clock_timestamp() + make_interval(secs => used)
     where r.bucket = of_bucket;
  end if;
  return query select granted, allowed, greatest(0, floor((60.0 - used) / step + 1e-6)::int),
                      case when granted > 0 then 0 else greatest(0, used + step - 60.0) end;
end $$;
