-- +goose Up
-- Where a member of staff gets mail, sealed as the telephone is.
alter table account add column mail bytea;

-- +goose Down
alter table account drop column mail;
