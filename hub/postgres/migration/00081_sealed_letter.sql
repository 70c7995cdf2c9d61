-- +goose Up
-- Dead letters hold personal data: their bytes are sealed, as the stored
-- submissions are. Those from before are sealed by "keys reseal".
alter table dead_letter add column sealed boolean not null default false;

-- +goose Down
alter table dead_letter drop column sealed;
