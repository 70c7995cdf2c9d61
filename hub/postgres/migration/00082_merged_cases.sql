-- +goose Up
-- What becomes of a case is told to those whose cases were merged into it.
create index cases_merged_into on cases ((state->>'into')) where status = 'merged';

-- +goose Down
drop index cases_merged_into;
