-- +goose Up
-- What the hub has written itself the server need not parse: JSON is text until
-- a statement looks into it.
drop index cases_merged_into; -- looks into it; step 113 has another way
alter table cases alter column state type text using state::text;
alter table submission alter column content type text using content::text;
alter table event alter column actor type text using actor::text, alter column data type text using data::text;

-- +goose Down
alter table cases alter column state type json using state::json;
alter table submission alter column content type json using content::json;
alter table event alter column actor type json using actor::json, alter column data type json using data::json;
create index cases_merged_into on cases ((state->>'into')) where status = 'merged';
