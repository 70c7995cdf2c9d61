-- +goose Up
create table warning (
  id        text collate "C" primary key,
  topic     text collate "C" not null,
  key       text collate "C" not null, -- of the spot
  spot      text not null,
  place     text collate "C" not null,
  opened_at timestamptz not null,
  last_at   timestamptz not null,
  closed_at timestamptz,
  latest    text collate "C" not null,
  cases     int not null,
  told      int not null,
  critical  boolean not null,
  why       text not null,
  constraint a_warning_does_not_close_before_it_opens check (closed_at >= opened_at),
  constraint a_warning_has_cases check (cases > 0 and told between 1 and cases)
);
create unique index a_spot_has_one_open_warning on warning (topic, key) where closed_at is null;
create index warning_newest on warning (opened_at desc);

create table warning_report (
  case_id text collate "C" primary key,
  topic   text collate "C" not null,
  key     text collate "C" not null,
  county  text collate "C" not null,
  at      timestamptz not null,
  warning text collate "C" references warning
);
create index warning_report_recent on warning_report (topic, at);
create index warning_report_warning on warning_report (warning) where warning is not null;

-- +goose Down
drop table warning_report, warning;
