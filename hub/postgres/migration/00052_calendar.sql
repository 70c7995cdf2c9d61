-- +goose Up
-- Yearly notices that were imported into the running hub; they come before
-- those of the city's folder.
create table calendar_year (
  year        int primary key,
  notice      jsonb not null,
  imported_at timestamptz not null,
  imported_by text not null
);

-- +goose Down
drop table calendar_year;
