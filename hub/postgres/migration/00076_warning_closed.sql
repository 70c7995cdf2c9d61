-- +goose Up
-- A warning that a person closed says who and why; one that ended by itself has
-- neither.
alter table warning
  add column closed_by text not null default '',
  add column closed_why text not null default '',
  add constraint who_closes_a_warning_says_why check ((closed_by = '') = (closed_why = '')),
  add constraint only_a_closed_warning_was_closed_by_somebody check (closed_by = '' or closed_at is not null);

-- +goose Down
alter table warning drop column closed_by, drop column closed_why;
