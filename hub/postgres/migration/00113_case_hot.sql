-- +goose Up
-- A case that is signed for changes no column that an index knows, so that no
-- index need be written: what it was merged into is a column of its own, and
-- that it is open shows in closed_at. Each page has room for one more version.
drop index cases_open;
alter table cases set (fillfactor = 85);
alter table cases add column merged_into text collate "C"
  generated always as (case when status = 'merged' then state::json->>'into' end) stored;
create index cases_merged_into on cases (merged_into) where merged_into is not null;
create index cases_open on cases (opened_at desc, id desc) where closed_at is null;

-- +goose Down
drop index cases_open;
alter table cases drop column merged_into;
alter table cases reset (fillfactor);
create index cases_open on cases (opened_at desc, id desc)
  where status in ('sorting', 'assigned', 'signed', 'handling', 'waiting', 'suspended');
