-- +goose Up
-- The words of new cases are merged into their index together: a pair of
-- characters that ten of them have is looked up once and not ten times. The hub
-- merges them every few milliseconds, see cases.MergeSearch.
alter index search_grams set (fastupdate = on);

-- +goose Down
alter index search_grams set (fastupdate = off);
