-- +goose Up
-- What the hub has written itself the server need not parse: JSON is text until
-- a statement looks into it.
alter table cases drop column merged_into;
alter table cases alter column state type text using state::text;
alter table cases add column merged_into text collate "C"
  generated always as (case when status = 'merged' then state::json->>'into' end) stored;
create index cases_merged_into on cases (merged_into) where merged_into is not null;
alter table submission alter column content type text using content::text;
alter table event alter column actor type text using actor::text, alter column data type text using data::text;

-- +goose Down
alter table cases drop column merged_into;
alter table cases alter column state type json using state::json;
alter table cases add column merged_into text collate "C"
  generated always as (case when status = 'merged' then state->>'into' end) stored;
create index cases_merged_into on cases (merged_into) where merged_into is not null;
alter table submission alter column content type json using content::json;
alter table event alter column actor type json using actor::json, alter column data type json using data::json;
