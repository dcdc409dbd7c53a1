-- The policy `retention` says how long things are kept. Days that a tenant set before there was one would be
-- lost with the table, and its things might go sooner: whoever set them publishes them first.
do $$
declare left_out text;
begin
  select string_agg(r.tenant || ' ' || r.days, ', ' order by r.tenant) into left_out
    from retention r
   where not exists (select 1 from policy p where p.tenant = r.tenant and p.name = 'retention');
  if left_out is not null then
    raise exception 'days that were set stand in no policy yet: %', left_out
      using hint = 'write each into a file and run: hub policy publish TENANT retention FILE (items is payloads there); '
                   'then migrate again';
  end if;
end $$;
drop table retention;
