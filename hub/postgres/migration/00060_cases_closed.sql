-- +goose Up
-- Return visits and reports look at what was closed lately.
create index cases_settled on cases (closed_at) where status in ('resolved', 'answered');

-- +goose Down
drop index cases_settled;
