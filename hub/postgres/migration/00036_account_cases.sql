-- +goose Up
-- Users of a channel's app find their own cases by a pseudonym of their id.
create index submission_account on submission (channel, (content->'extra'->>'_account'))
  where content->'extra'->>'_account' is not null;

-- +goose Down
drop index submission_account;
