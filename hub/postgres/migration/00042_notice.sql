-- +goose Up
-- Alerts that wait in a group, went out in a notice, or are muted.
alter table delivery
  drop constraint a_delivery_has_a_known_status,
  add constraint a_delivery_has_a_known_status check (status in ('pending', 'done', 'dead', 'held', 'grouped', 'muted')),
  add column group_key text collate "C",
  add column notice text collate "C",
  add column muted_by text collate "C";
create index delivery_held on delivery (department, group_key) where status = 'held';
create index delivery_muted on delivery (next_at) where status = 'muted';

create table notice_group (
  department text collate "C" not null,
  key        text collate "C" not null,
  flush_at   timestamptz, -- null while the group is empty
  flushed_at timestamptz,
  primary key (department, key)
);
create index notice_group_flush on notice_group (flush_at) where flush_at is not null;

-- What inhibits others, such as an outage at a place, and until when.
create table notice_source (
  department text collate "C" not null,
  key        text collate "C" not null,
  alert_id   text collate "C" not null,
  until      timestamptz not null,
  primary key (department, key)
);

create table silence (
  id         bigint generated always as identity primary key,
  matchers   jsonb not null,
  author     text not null,
  reason     text not null,
  starts_at  timestamptz not null,
  ends_at    timestamptz not null,
  created_at timestamptz not null,
  constraint a_silence_has_an_author check (author <> ''),
  constraint a_silence_has_a_reason check (reason <> ''),
  constraint a_silence_ends_after_it_starts check (ends_at >= starts_at)
);
create index silence_ends on silence (ends_at);

-- +goose Down
drop table silence, notice_source, notice_group;
update delivery set status = 'pending' where status in ('held', 'muted');
update delivery set status = 'done' where status = 'grouped';
drop index delivery_held, delivery_muted;
alter table delivery
  drop constraint a_delivery_has_a_known_status,
  add constraint a_delivery_has_a_known_status check (status in ('pending', 'done', 'dead')),
  drop column group_key, drop column notice, drop column muted_by;
