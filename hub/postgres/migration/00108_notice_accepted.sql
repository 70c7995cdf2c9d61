-- +goose Up
-- A case that comes back to the sorting desk is assigned again; its citizen
-- hears once that it is accepted.
create unique index a_citizen_hears_once_of_acceptance on person_notice (case_id) where person = '' and event = 'assigned';

-- +goose Down
drop index a_citizen_hears_once_of_acceptance;
