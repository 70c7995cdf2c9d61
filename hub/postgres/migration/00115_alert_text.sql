-- +goose Up
-- As in step 112: the server need not parse an alert that the hub has written.
alter table delivery alter column alert type text using alert::text;

-- +goose Down
alter table delivery alter column alert type jsonb using alert::jsonb;
