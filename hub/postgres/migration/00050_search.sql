-- +goose Up
-- Every pair of neighbouring characters in the words of a case, as a number.
create table search_words (
  case_id text collate "C" primary key,
  grams   int[] not null
);
create index search_grams on search_words using gin (grams) with (fastupdate = off);

-- Cases whose words are not in search_words yet: one row for the cases of one
-- transaction, written with them, so that taking in costs next to nothing and
-- searching misses none.
create table search_queue (
  id       bigint generated always as identity primary key,
  case_ids text[] not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
insert into search_queue (case_ids)
  select array_agg(id) from (select id, row_number() over (order by id) / 500 as part from cases) c group by part;

-- +goose StatementBegin
-- The cases that have all of grams. A function, because it alone shall not be
-- planned for the small table that a session may have met first.
create function search_hits(wanted int[], most int) returns setof text
language plpgsql stable set enable_seqscan = off as $$
begin
  return query select w.case_id from search_words w where w.grams @> wanted limit most;
end $$;
-- +goose StatementEnd

-- +goose Down
drop function search_hits;
drop table search_queue, search_words;
