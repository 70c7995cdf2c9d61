-- +goose Up
-- Records from before have no place in a chain.
alter table audit add column shard smallint;
alter table audit add column seq bigint;
alter table audit add column hash bytea;
alter table audit add constraint a_record_has_one_place_in_its_chain unique (shard, seq);
alter table audit add constraint a_chained_record_has_a_hash check (shard is null or seq > 0 and octet_length(hash) = 32);
create index audit_object on audit (object, id);
create index audit_at on audit (at desc);

create table audit_head (
  shard smallint primary key,
  seq   bigint not null,
  hash  bytea not null
);
insert into audit_head (shard, seq, hash) select n, 0, ''::bytea from generate_series(0, 15) n;

-- +goose Down
drop table audit_head;
alter table audit drop column hash, drop column seq, drop column shard;
