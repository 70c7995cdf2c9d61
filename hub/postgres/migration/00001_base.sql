-- +goose Up
create table submission (
  receipt      text collate "C" primary key,
  case_id      text collate "C" not null,
  channel      text collate "C" not null,
  external_id  text collate "C" not null,
  heuristic    boolean not null,
  place        text collate "C" not null,
  kind         text collate "C" not null,
  urgency      text collate "C" not null,
  media_type   text not null,
  raw          bytea,
  received_at  timestamptz not null,
  submitted_at timestamptz not null,
  content      jsonb not null,
  constraint a_channel_numbers_a_submission_once unique (channel, external_id),
  constraint a_submission_names_its_channel check (channel <> ''),
  constraint a_submission_has_a_case check (case_id <> '')
);

create table cases (
  id         text collate "C" primary key,
  version    bigint not null,
  status     text collate "C" not null,
  channel    text collate "C" not null,
  receipt    text collate "C" not null,
  lead       text collate "C" not null,
  place      text collate "C" not null,
  category   text not null,
  kind       text collate "C" not null,
  urgency    text collate "C" not null,
  topic      text not null,
  title      text not null,
  rung       int not null,
  opened_at  timestamptz not null,
  closed_at  timestamptz,
  due_at     timestamptz,
  head       bytea not null,
  state      jsonb not null,
  constraint a_case_has_at_least_one_event check (version > 0),
  constraint a_case_has_a_known_status check (status in ('sorting', 'assigned', 'signed', 'handling', 'waiting',
    'suspended', 'resolved', 'answered', 'rejected', 'merged', 'archived')),
  constraint a_case_does_not_close_before_it_opens check (closed_at is null or closed_at >= opened_at)
);
create index cases_newest on cases (opened_at desc, id desc);
create index cases_open on cases (opened_at desc, id desc)
  where status in ('sorting', 'assigned', 'signed', 'handling', 'waiting', 'suspended');

create table event (
  case_id text collate "C" not null,
  seq     bigint not null,
  type    text collate "C" not null,
  at      timestamptz not null,
  actor   jsonb not null,
  data    jsonb not null,
  hash    bytea not null,
  primary key (case_id, seq),
  constraint events_are_numbered_from_one check (seq > 0),
  constraint an_event_carries_a_sha256 check (octet_length(hash) = 32)
);

create table assignment (
  case_id     text collate "C" not null,
  department  text collate "C" not null,
  role        text collate "C" not null,
  assigned_at timestamptz not null,
  signed_at   timestamptz,
  done_at     timestamptz,
  primary key (case_id, department),
  constraint a_department_leads_or_helps check (role in ('lead', 'co'))
);
create index assignment_department on assignment (department, assigned_at desc);
create unique index a_case_has_one_lead on assignment (case_id) where role = 'lead';

-- Only open, running clocks: fired and paused ones are not here.
create table deadline (
  case_id text collate "C" not null,
  kind    text collate "C" not null,
  epoch   int not null,
  fire_at timestamptz not null,
  due_at  timestamptz not null,
  primary key (case_id, kind)
) with (autovacuum_vacuum_scale_factor = 0.02);
create index deadline_fire_at on deadline (fire_at);

create table deadline_log (
  case_id  text collate "C" not null,
  kind     text collate "C" not null,
  epoch    int not null,
  fire_at  timestamptz not null,
  fired_at timestamptz not null,
  primary key (case_id, kind, epoch, fire_at),
  constraint a_clock_never_fires_early check (fired_at >= fire_at)
);

create table outbox (
  id      bigint generated always as identity primary key,
  topic   text collate "C" not null,
  key     text collate "C" not null,
  msg_id  text collate "C" not null,
  payload bytea not null,
  constraint a_message_has_a_topic check (topic <> '')
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table delivery (
  alert_id   text collate "C" primary key,
  department text collate "C" not null,
  case_id    text collate "C" not null,
  seq        bigint not null,
  status     text collate "C" not null,
  next_at    timestamptz not null,
  changed_at timestamptz not null,
  attempts   int not null default 0,
  alert      jsonb not null,
  receipt    jsonb,
  constraint a_delivery_has_a_known_status check (status in ('pending', 'done', 'dead')),
  constraint attempts_are_counted_up check (attempts >= 0)
);
create index delivery_due on delivery (department, next_at) where status = 'pending';
create index delivery_case on delivery (case_id, department, seq);
create index delivery_recent on delivery (department, status, changed_at desc);

create table attempt (
  alert_id text collate "C" not null references delivery on delete cascade,
  n        int not null,
  at       timestamptz not null,
  took     bigint not null, -- nanoseconds
  result   text not null,
  primary key (alert_id, n)
);

create table processed (
  consumer   text collate "C" not null,
  message_id text collate "C" not null,
  at         timestamptz not null,
  primary key (consumer, message_id)
);

create table place (
  code   text collate "C" primary key,
  parent text collate "C" not null,
  level  text collate "C" not null,
  name   text not null,
  constraint a_place_is_not_its_own_parent check (parent <> code),
  constraint a_place_has_a_known_level check (level in ('city', 'county', 'township', 'village', 'grid', 'building'))
);
create index place_parent on place (parent);

create table person (
  id    text collate "C" primary key,
  name  text not null,
  phone text not null default ''
);

create table post (
  rung   int not null,
  place  text collate "C" not null,
  post   text collate "C" not null,
  person text collate "C" not null, -- '' while the post is vacant
  deputy boolean not null,
  since  timestamptz not null,
  until  timestamptz,
  primary key (place, rung, post, person, since),
  constraint a_rung_is_at_least_one check (rung >= 1),
  constraint a_post_does_not_end_before_it_begins check (until is null or until >= since)
);

create table attachment (
  sha256     text collate "C" primary key,
  media_type text not null,
  bytes      bytea not null
);

create table rule_set (
  hash   text collate "C" primary key,
  at     timestamptz not null,
  source bytea not null
);

create table dead_letter (
  id      bigint generated always as identity primary key,
  at      timestamptz not null,
  stage   text collate "C" not null,
  key     text collate "C" not null,
  reason  text not null,
  payload bytea not null
);

create table setting (
  key   text collate "C" primary key,
  value bytea not null
);
insert into setting (key, value)
values ('numbering_key', sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea));

create table qr_code (
  code       text collate "C" primary key,
  place      text collate "C" not null,
  label      text not null,
  revoked_at timestamptz
);

create table audit (
  id     bigint generated always as identity primary key,
  at     timestamptz not null,
  actor  jsonb not null,
  action text collate "C" not null,
  object text collate "C" not null,
  data   jsonb not null
);

-- +goose Down
drop table audit, qr_code, setting, dead_letter, rule_set, attachment, post, person, place, processed,
  attempt, delivery, outbox, deadline_log, deadline, assignment, event, cases, submission;
