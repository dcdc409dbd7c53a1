-- Who wants to hear of what, and where.
create table endpoint (
  id          text primary key,                            -- ep_...
  tenant      text not null,
  kind        text not null default 'http',                -- the destination that speaks to it
  address     text not null,
  about       text not null default '',
  types       text[] not null default '{}',                -- none listed: all
  branches    text[] not null default '{}',
  payload     text not null default 'thin' check (payload in ('thin', 'full')),
  ordering    text not null default 'none' check (ordering in ('none', 'per_subject')),
  rate        double precision not null default 50 check (rate > 0),        -- a second
  at_once     int  not null default 8 check (at_once between 1 and 256),
  timeout     double precision not null default 15 check (timeout between 0.1 and 30),  -- seconds
  state       text not null default 'active' check (state in ('active', 'paused', 'disabled', 'deleted')),
  state_why   text not null default '',
  version     int  not null default 1,
  created_at  timestamptz not null default clock_timestamp(),
  changed_at  timestamptz not null default clock_timestamp()
);
create index endpoint_by_tenant on endpoint (tenant, id);

-- What an endpoint's messages are signed with; two at most are live, so that a receiver can change over.
create table endpoint_secret (
  endpoint    text not null references endpoint (id) on delete cascade,
  n           int  not null,
  tenant      text not null,
  shared      bytea not null,                              -- sealed with the tenant's key
  private     bytea not null,                              -- sealed too; ed25519
  public      text not null,                               -- whpk_..., for whoever verifies
  created_at  timestamptz not null default clock_timestamp(),
  ends_at     timestamptz,
  primary key (endpoint, n)
);

-- How fast an endpoint may be asked just now; changes with every batch, so it stands apart.
create table endpoint_pace (
  endpoint       text primary key references endpoint (id) on delete cascade,
  tenant         text not null,
  tokens         double precision not null default 1,
  filled_at      timestamptz not null default clock_timestamp(),
  claimed_at     timestamptz not null default clock_timestamp(),
  quiet_until    timestamptz not null default '-infinity', -- it asked to be left alone
  failures       int not null default 0,                   -- in a row
  opened_at      timestamptz,                              -- since when one at a time tries it
  probe_at       timestamptz not null default '-infinity',
  probes         int not null default 0,
  failing_since  timestamptz,                              -- since when nothing has gone well
  warned         int not null default 0                    -- percent of the time until it is disabled
) with (fillfactor = 50);

-- A status event that at least one endpoint wants, once, as it is sent.
create table status_event (
  tenant   text not null,
  id       text not null,
  type     text not null,
  subject  text not null,
  branch   text not null,
  at       timestamptz not null,
  seq      bigint not null,                                -- of its partition; orders those of a subject
  traceparent text,
  body     text not null,                                  -- a CloudEvent, with everything
  primary key (tenant, id)
);

create table delivery (
  seq       bigint generated always as identity primary key,
  tenant    text not null,
  endpoint  text not null references endpoint (id),
  event     text not null,
  subject   text not null,
  state     text not null default 'waiting'
            check (state in ('waiting', 'sending', 'delivered', 'dead', 'given_up')),
  due_at    timestamptz not null default clock_timestamp(),  -- while it is sent: when that counts as lost
  tries     int not null default 0,                        -- steps of the schedule that are used up
  attempts  int not null default 0,
  status    int,                                           -- of the last answer
  outcome   text not null default '',
  made_at   timestamptz not null default clock_timestamp(),
  ended_at  timestamptz,
  replay    bigint,
  unique (endpoint, event),
  foreign key (tenant, event) references status_event (tenant, id)
) with (fillfactor = 70);
create index delivery_due on delivery (endpoint, due_at, seq) where state in ('waiting', 'sending');
create index delivery_in_order on delivery (endpoint, subject, seq) where state in ('waiting', 'sending');
create index delivery_on_its_way on delivery (endpoint, due_at) where state = 'sending';
create index delivery_by_state on delivery (endpoint, state, seq);
create index delivery_by_tenant on delivery (tenant, seq);
create index delivery_by_event on delivery (tenant, event);

create table delivery_attempt (
  delivery   bigint not null references delivery (seq) on delete cascade,
  n          int  not null,
  tenant     text not null,
  began_at   timestamptz not null default clock_timestamp(),
  state      text not null default 'sending' check (state in ('sending', 'delivered', 'failed', 'unknown')),
  status     int,
  ms         int,
  outcome    text not null default '',
  explained  text not null default '',
  answer     text not null default '',                     -- its beginning, redacted
  primary key (delivery, n)
) with (fillfactor = 70);

-- Deliveries to be made again; marked a piece at a time by whoever delivers.
create table delivery_replay (
  id        bigint generated always as identity primary key,
  tenant    text not null,
  chosen    json not null,
  why       text not null,
  by        text not null,
  asked_at  timestamptz not null default clock_timestamp(),
  upto      bigint not null,                               -- the last delivery there was
  rate      double precision                               -- a second and endpoint, where slower than its own
);
create index delivery_replay_by_tenant on delivery_replay (tenant, id);

-- How far a replay is at one endpoint: one that is away keeps no other waiting.
create table delivery_replay_place (
  replay    bigint not null references delivery_replay (id) on delete cascade,
  endpoint  text not null references endpoint (id),
  tenant    text not null,
  found     bigint not null,                               -- so many there were when it was asked for
  marked    bigint not null default 0,
  after     bigint not null default 0,
  last_at   timestamptz not null default clock_timestamp(),
  state     text not null default 'marking' check (state in ('marking', 'marked', 'stopped')),
  primary key (replay, endpoint)
) with (fillfactor = 70);
create index delivery_replay_marking on delivery_replay_place (last_at) where state = 'marking';

do $$
declare
  name text;
begin
  foreach name in array array['endpoint', 'endpoint_secret', 'endpoint_pace', 'status_event', 'delivery',
                              'delivery_attempt', 'delivery_replay', 'delivery_replay_place'] loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy engine on %I to hub_engine using (true) with check (true)', name);
    execute format('create policy one_tenant on %I to hub_api using (tenant = current_setting(''hub.tenant'', true))'
                   ' with check (tenant = current_setting(''hub.tenant'', true))', name);
    execute format('grant select, insert, update, delete on %I to hub_engine', name);
    execute format('grant select on %I to hub_api', name);
  end loop;
end $$;
grant insert, update on endpoint, endpoint_secret, endpoint_pace, delivery_replay, delivery_replay_place to hub_api;
grant delete on endpoint_secret to hub_api;
grant insert on status_event to hub_api;                   -- the event of a test
grant insert, update (state, ended_at, outcome) on delivery to hub_api;

-- What was decided before there could be an endpoint is no news to anybody.
insert into projection_progress (projection, part, version, seq, epoch)
select 'deliveries', part, 1, seq, epoch from partition_owner where topic = 'warranty.intake.v1';
