-- +goose Up
-- Earlier petitions of one person are found by a pseudonym of the identity
-- number; few submissions have one.
create index submission_of_a_person on submission ((content->'extra'->>'_person')) where content->'extra'->>'_person' is not null;

-- +goose Down
drop index submission_of_a_person;
