-- +goose Up
-- The pseudonym of a person gets a column of its own, as that of a channel's
-- user: an index on a field inside the content parses every new submission.
alter table submission add column person text collate "C";
update submission set person = content->'extra'->>'_person' where content->'extra'->>'_person' is not null;
drop index submission_of_a_person;
create index submission_of_a_person on submission (person) where person is not null;

-- +goose Down
drop index submission_of_a_person;
alter table submission drop column person;
create index submission_of_a_person on submission ((content->'extra'->>'_person')) where content->'extra'->>'_person' is not null;
