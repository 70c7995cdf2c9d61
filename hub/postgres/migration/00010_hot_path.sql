-- +goose Up
-- What the hub writes and reads whole is kept as the text it was written in:
-- it costs no conversion, and the hash of an event covers the stored bytes.
alter table event alter column actor type json using actor::json, alter column data type json using data::json;
alter table cases alter column state type json using state::json;
alter table submission alter column content type json using content::json;

-- A case of ordinary length stays in one row, uncompressed.
alter table submission set (toast_tuple_target = 8160);
alter table submission alter column raw set storage external;
alter table cases set (toast_tuple_target = 8160);
alter table event set (toast_tuple_target = 8160);

-- One row holds all messages of a transaction, already compressed: the first
-- byte says how, then topic, key, id and payload follow, each after its length.
create table outbox_messages as select * from outbox;
drop table outbox;
create table outbox (
  id       bigint generated always as identity primary key,
  messages int not null,
  bundle   bytea not null,
  constraint a_bundle_holds_messages check (messages > 0)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
alter table outbox alter column bundle set storage external;
insert into outbox (messages, bundle)
select 1, '\x00'::bytea
    || int4send(octet_length(convert_to(topic, 'UTF8'))) || convert_to(topic, 'UTF8')
    || int4send(octet_length(convert_to(key, 'UTF8'))) || convert_to(key, 'UTF8')
    || int4send(octet_length(convert_to(msg_id, 'UTF8'))) || convert_to(msg_id, 'UTF8')
    || int4send(octet_length(payload)) || payload
from outbox_messages order by id;
drop table outbox_messages;

-- +goose Down
drop table outbox;
create table outbox (
  id      bigint generated always as identity primary key,
  topic   text collate "C" not null,
  key     text collate "C" not null,
  msg_id  text collate "C" not null,
  payload bytea not null,
  constraint a_message_has_a_topic check (topic <> '')
);
alter table submission alter column content type jsonb using content::jsonb;
alter table cases alter column state type jsonb using state::jsonb;
alter table event alter column actor type jsonb using actor::jsonb, alter column data type jsonb using data::jsonb;
