-- +goose Up
-- What channels could not take, once however often it was sent; the keys that
-- were rotated in; and how far each channel has read its source.
alter table dead_letter
  add column channel    text collate "C" not null default '',
  add column media_type text not null default '',
  add column name       text not null default '',
  add column digest     bytea,
  add column seen       integer not null default 1,
  add column last_at    timestamptz;
create unique index a_channel_keeps_a_letter_once on dead_letter (channel, digest) where digest is not null;

create table channel_cursor (
  channel    text collate "C" primary key,
  cursor     text not null,
  changed_at timestamptz not null
);

create table channel_key (
  id         bigint generated always as identity primary key,
  channel    text collate "C" not null,
  state      text collate "C" not null,
  secret     text not null,
  hint       text not null,
  made_at    timestamptz not null,
  retired_at timestamptz,
  constraint a_key_is_next_current_or_retired check (state in ('next', 'current', 'retired')),
  constraint a_retired_key_says_when check ((state = 'retired') = (retired_at is not null))
);
create unique index a_channel_has_one_key_of_each_live_state on channel_key (channel, state) where state <> 'retired';

-- +goose Down
drop table channel_key, channel_cursor;
drop index a_channel_keeps_a_letter_once;
alter table dead_letter drop column channel, drop column media_type, drop column name,
  drop column digest, drop column seen, drop column last_at;
