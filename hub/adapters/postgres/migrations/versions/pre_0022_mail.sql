alter table endpoint
  add column suppliers text[] not null default '{}',       -- none listed: all, and what has none
  add column locale    text   not null default 'en';       -- in which people are written to
alter table status_event add column supplier text not null default '';

-- A delivery may end without anything to send: nobody is to hear of it, or there is nobody any more.
alter table delivery
  drop constraint delivery_state_check,
  add constraint delivery_state_check
      check (state in ('waiting', 'sending', 'delivered', 'dead', 'given_up', 'skipped')) not valid;
alter table delivery_attempt
  drop constraint delivery_attempt_state_check,
  add constraint delivery_attempt_state_check
      check (state in ('sending', 'delivered', 'failed', 'unknown', 'skipped')) not valid;
