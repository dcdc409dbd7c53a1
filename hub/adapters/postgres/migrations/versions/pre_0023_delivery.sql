-- The same wish under the same key is the same replay.
alter table delivery_replay add column wish text;           -- of whoever asked and his key; null: no key
create unique index delivery_replay_by_wish on delivery_replay (tenant, wish) where wish is not null;

-- Few of many, and what everybody looks for.
create index delivery_dead on delivery (tenant, seq) where state = 'dead';
