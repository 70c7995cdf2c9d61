-- +goose Up
-- Who on the ladder is away and who stands in; '' is nobody: the rung above is
-- told.
create table duty_leave (
  id        bigint generated always as identity primary key,
  person    text collate "C" not null,
  stand_in  text collate "C" not null,
  since     timestamptz not null,
  until     timestamptz not null,
  reason    text not null,
  set_by    text collate "C" not null,
  set_at    timestamptz not null,
  ended_at  timestamptz,
  ended_by  text collate "C" not null default '',
  constraint nobody_stands_in_for_themselves check (person <> stand_in),
  constraint a_leave_ends_after_it_begins check (until > since)
);
create index duty_leave_open on duty_leave (until) where ended_at is null;

-- +goose Down
drop table duty_leave;
