-- +goose Up
-- Every version of the formulas that a report was made with.
create table assess_formulas (
  hash    text collate "C" primary key,
  version text not null,
  at      timestamptz not null,
  source  bytea not null
);

create table assess_appeal (
  id         bigint generated always as identity primary key,
  case_id    text collate "C" not null,
  measure    text collate "C" not null,
  reason     text not null,
  account    text collate "C" not null,
  at         timestamptz not null,
  granted    boolean,
  decision   text not null default '',
  decided_by text collate "C" not null default '',
  decided_at timestamptz,
  constraint an_appeal_has_a_reason check (reason <> ''),
  constraint a_decision_says_why check ((granted is null) = (decided_at is null) and (granted is null or decision <> '')),
  constraint nobody_judges_their_own_appeal check (decided_by <> account)
);
create unique index a_mark_is_appealed_once_at_a_time on assess_appeal (case_id, measure) where granted is null or granted;

-- +goose Down
drop table assess_appeal, assess_formulas;
