-- Set before the events that a waiting record means are published, until its row says so: the epoch of the
-- owner that tells them. Nobody changes what is being told; whoever owns the partition next tells it again.
alter table item add column telling bigint;
create index item_telling on item (topic, part, "offset") where telling is not null and on_hold is null;

-- Counts the times that a bulk was stopped or continued: who marks for one of them ends no other.
alter table redrive add column run int not null default 0;
grant update (run) on redrive to hub_api;
