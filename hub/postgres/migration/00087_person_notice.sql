-- +goose Up
-- Notices to people, one by one: those on the ladder and the citizens. Words,
-- names and telephones are put in when a message goes out and are not here.
create table person_notice (
  id       text collate "C" primary key,
  event    text collate "C" not null,
  case_id  text collate "C" not null,
  at       timestamptz not null,
  person   text collate "C" not null, -- '' is the citizen of the case
  rung     int not null,
  critical boolean not null,
  ways     text[] not null,
  way      int not null default 0,
  message  text collate "C" not null default '',
  status   text collate "C" not null,
  next_at  timestamptz,
  attempts int not null default 0,
  reason   text not null default '',
  sent_at  timestamptz,
  constraint a_notice_has_a_known_status check (status in ('waiting', 'sent', 'dead', 'nobody')),
  constraint a_waiting_notice_has_a_time check ((status = 'waiting') = (next_at is not null)),
  constraint a_sent_notice_says_when check ((status = 'sent') = (sent_at is not null))
);
create index person_notice_due on person_notice (next_at) where status = 'waiting';
create index person_notice_message on person_notice (message) where status = 'waiting' and message <> '';
create index person_notice_person on person_notice (person, case_id) where status = 'waiting' and message = '';
create index person_notice_case on person_notice (case_id);
create index person_notice_newest on person_notice (at desc, id);

-- +goose Down
drop table person_notice;
