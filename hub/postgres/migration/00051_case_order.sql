-- +goose Up
-- Supervisions and instructions, for lists across cases; the case itself keeps
-- those that are open.
create table case_order (
  case_id     text collate "C" not null,
  id          bigint not null,
  kind        text collate "C" not null,
  grade       text collate "C" not null,
  owner       text collate "C" not null,
  note        text collate "C" not null,
  given_by    text not null,
  text        text not null,
  given_at    timestamptz not null,
  due_at      timestamptz not null,
  answered_at timestamptz,
  answered_by text not null default '',
  answer      text not null default '',
  primary key (case_id, id),
  constraint an_order_is_a_supervision_or_an_instruction check (kind in ('supervised', 'instructed'))
);
create index case_order_open on case_order (due_at) where answered_at is null;
create index case_order_note on case_order (note) where note <> '';

-- An instruction on a topic: one task for all the cases of a kind.
create table topic_order (
  id         text collate "C" primary key,
  topic      text not null,
  place      text collate "C" not null,
  owner      text collate "C" not null,
  given_by   text not null,
  text       text not null,
  given_at   timestamptz not null,
  due_at     timestamptz not null,
  answered_at timestamptz,
  answered_by text not null default '',
  answer      text not null default ''
);

-- +goose Down
drop table topic_order, case_order;
