-- +goose Up
-- The first form of this table was never written to.
drop table qr_code;
create table qr_code (
  number     bigint generated always as identity primary key,
  place      text collate "C" not null,
  kind       text collate "C" not null,
  label      text not null,
  version    int not null default 1,
  issued_at  timestamptz not null,
  revoked_at timestamptz,
  reason     text not null default '',
  constraint a_unit_has_one_code unique (place, label),
  constraint a_unit_has_a_known_kind check (kind in ('office', 'building', 'households')),
  constraint a_token_has_room_for_the_version check (version between 1 and 31),
  constraint a_token_has_room_for_the_number check (number between 1 and 33554431),
  constraint a_code_is_not_revoked_before_it_is_issued check (revoked_at >= issued_at)
);

-- Where people who scanned a code said they were, when that was elsewhere.
create table qr_elsewhere (
  number bigint not null references qr_code,
  place  text collate "C" not null,
  at     timestamptz not null
);
create index qr_elsewhere_at on qr_elsewhere (at);

-- +goose Down
drop table qr_elsewhere, qr_code;
create table qr_code (
  code       text collate "C" primary key,
  place      text collate "C" not null,
  label      text not null,
  revoked_at timestamptz
);
