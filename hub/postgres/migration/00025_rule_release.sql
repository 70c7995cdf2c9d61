-- +goose Up
create table rule_release (
  id          bigint generated always as identity primary key,
  hash        text collate "C" not null references rule_set,
  state       text collate "C" not null,
  origin      text collate "C" not null,
  author      text not null,
  approver    text not null,
  why         text not null,
  forced      text not null,
  scope       jsonb not null,
  previous    bigint references rule_release,
  created_at  timestamptz not null,
  approved_at timestamptz,
  active_at   timestamptz,
  retired_at  timestamptz,
  constraint a_release_has_a_known_state check (state in ('draft', 'shadow', 'canary', 'active', 'retired')),
  constraint a_release_comes_from_people_or_a_folder check (origin in ('people', 'folder')),
  constraint a_release_has_an_author check (author <> ''),
  constraint nobody_approves_their_own_rules check (approver <> author),
  constraint rules_of_people_act_when_approved check
    (origin = 'folder' or approver <> '' or (state in ('draft', 'retired') and active_at is null))
);
create unique index one_release_is_active on rule_release (state) where state = 'active';
create unique index one_release_is_canary on rule_release (state) where state = 'canary';
create unique index one_release_is_shadow on rule_release (state) where state = 'shadow';

create table rule_change (
  id      bigint generated always as identity primary key,
  release bigint not null references rule_release,
  at      timestamptz not null,
  actor   text not null,
  action  text collate "C" not null,
  before  text collate "C" not null,
  after   text collate "C" not null,
  why     text not null,
  forced  text not null
);
create index rule_change_release on rule_change (release, id);

create table rule_gate (
  hash    text collate "C" not null references rule_set,
  gate    text collate "C" not null,
  at      timestamptz not null,
  ok      boolean not null,
  base    text collate "C" not null,
  summary text not null,
  report  jsonb,
  primary key (hash, gate),
  constraint a_gate_is_known check (gate in ('check', 'test', 'diff'))
);

create table rule_shadow (
  hash    text collate "C" not null,
  case_id text collate "C" not null,
  at      timestamptz not null,
  live    text collate "C" not null,
  went    text collate "C" not null,
  goes    text collate "C" not null,
  same    boolean not null,
  before  jsonb not null,
  after   jsonb not null,
  primary key (hash, case_id)
);

-- +goose Down
drop table rule_shadow, rule_gate, rule_change, rule_release;
