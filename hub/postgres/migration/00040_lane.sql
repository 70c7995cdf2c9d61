-- +goose Up
-- When an alert was filed, and how many attempts it had when it was last done
-- over: the back-off schedule starts again from there.
alter table delivery
  add column added_at timestamptz not null default 'epoch',
  add column base int not null default 0;
update delivery set added_at = changed_at;
create index delivery_added on delivery (department, added_at);
-- A claim walks along this index and stops when it has enough.
create index delivery_next on delivery (department, next_at, seq) where status = 'pending';
drop index delivery_due;

-- Lanes that are not simply running.
create table lane (
  department text collate "C" primary key,
  status     text collate "C" not null,
  reason     text not null,
  by_whom    text not null,
  since      timestamptz not null,
  constraint a_lane_has_a_known_status check (status in ('running', 'paused', 'draining', 'disabled'))
);

-- +goose Down
drop table lane;
drop index delivery_added, delivery_next;
create index delivery_due on delivery (department, next_at) where status = 'pending';
alter table delivery drop column added_at, drop column base;
