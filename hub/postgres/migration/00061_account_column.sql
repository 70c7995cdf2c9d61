-- +goose Up
-- The pseudonym of a channel's user gets a column of its own: an index on a
-- field inside the content had the server parse every new submission once more.
alter table submission add column account text collate "C";
update submission set account = content->'extra'->>'_account' where content->'extra'->>'_account' is not null;
drop index submission_account;
create index submission_account on submission (channel, account) where account is not null;

-- +goose Down
drop index submission_account;
alter table submission drop column account;
create index submission_account on submission (channel, (content->'extra'->>'_account'))
  where content->'extra'->>'_account' is not null;
