-- +goose Up
-- When the words of an event were deleted at the end of their term: its hash
-- stays and the chain goes on over it.
alter table event add column erased_at timestamptz;
create index event_erased on event (case_id, seq) where erased_at is not null;
create index dead_letter_old on dead_letter (at);

-- The keys of personal data that nodes have used, each with a value by which
-- another key of the same name is known for another.
create table key_check (
  id      text collate "C" primary key,
  value   bytea not null,
  seen_at timestamptz not null,
  constraint a_check_value_is_a_sha256 check (octet_length(value) = 32)
);

-- +goose Down
drop table key_check;
drop index dead_letter_old;
drop index event_erased;
alter table event drop column erased_at;
