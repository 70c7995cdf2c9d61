-- +goose Up
-- Counts the changes of who holds which post: a node that remembers post holders
-- sees by one row, in the transaction that fires a clock, whether it still may.
create table duty_revision (
  only_row boolean primary key default true,
  n        bigint not null,
  constraint there_is_one_revision check (only_row)
);
insert into duty_revision (n) values (1);

-- +goose StatementBegin
create function count_duty_change() returns trigger language plpgsql as $$
begin
  update duty_revision set n = n + 1;
  return null;
end $$;
-- +goose StatementEnd

create trigger counted_duty_change after insert or update or delete on duty_leave for each statement execute function count_duty_change();
create trigger counted_duty_change after insert or update or delete on post for each statement execute function count_duty_change();
create trigger counted_duty_change after insert or update or delete on person for each statement execute function count_duty_change();
create trigger counted_duty_change after insert or update or delete on place for each statement execute function count_duty_change();

-- +goose Down
drop trigger counted_duty_change on place;
drop trigger counted_duty_change on person;
drop trigger counted_duty_change on post;
drop trigger counted_duty_change on duty_leave;
drop function count_duty_change;
drop table duty_revision;
