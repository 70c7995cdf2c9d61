-- +goose Up
-- What deputies did: append-only, the last rating of a round counts.
create table deputy_act (
  id      bigint generated always as identity primary key,
  at      timestamptz not null,
  account text collate "C" not null,
  name    text not null,
  case_id text collate "C" not null,
  round   int not null,
  kind    text collate "C" not null,
  marks   jsonb,
  text    text not null default '',
  constraint an_act_has_a_known_kind check (kind in ('viewed', 'rated', 'suggested', 'sent_back')),
  constraint a_rating_has_marks check (kind not in ('rated', 'sent_back') or marks is not null)
);
create index deputy_act_case on deputy_act (case_id, account, id);
create index deputy_act_account on deputy_act (account, at desc);

create table return_visit (
  case_id   text collate "C" not null,
  round     int not null,
  reason    text collate "C" not null,
  closed_at timestamptz not null,
  made_at   timestamptz,
  account   text collate "C" not null default '',
  reached   boolean,
  solved    boolean,
  satisfied boolean,
  text      text not null default '',
  primary key (case_id, round),
  constraint a_visit_has_a_known_reason check (reason in ('sample', 'critical', 'dissatisfied', 'overdue')),
  constraint a_visit_that_was_made_says_how_it_went check (made_at is null or reached is not null),
  constraint only_who_was_reached_can_answer check (reached is not false or (solved is null and satisfied is null))
);
create index return_visit_open on return_visit (closed_at) where made_at is null;

-- +goose Down
drop table return_visit, deputy_act;
