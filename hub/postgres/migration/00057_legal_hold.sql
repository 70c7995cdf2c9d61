-- +goose Up
create table legal_hold (
  case_id text collate "C" primary key,
  reason  text not null,
  account text collate "C" not null,
  at      timestamptz not null,
  constraint a_hold_has_a_reason check (reason <> '')
);
alter table submission add column erased_at timestamptz;
create index cases_closed on cases (closed_at) where closed_at is not null;

-- +goose Down
drop index cases_closed;
alter table submission drop column erased_at;
drop table legal_hold;
