-- +goose Up
create table account (
  id          text collate "C" primary key,
  name        text not null,
  person      text collate "C" not null default '',
  phone       bytea,                      -- sealed
  password    text not null default '',   -- argon2id in PHC form; '' cannot log in by password
  totp        bytea,                      -- sealed secret; null asks no second factor
  totp_step   bigint not null default 0,  -- last step used: a code counts once
  subject     text collate "C",           -- issuer|sub of the identity provider
  created_at  timestamptz not null,
  changed_at  timestamptz not null,
  disabled_at timestamptz,
  must_change boolean not null default false,
  failures    int not null default 0,
  locked_until timestamptz,
  last_login  timestamptz,
  constraint an_account_has_a_name check (id <> '' and name <> ''),
  constraint a_subject_logs_in_to_one_account unique (subject)
);

create table account_grant (
  account    text collate "C" not null references account on delete cascade,
  role       text collate "C" not null,
  place      text collate "C" not null default '',
  department text collate "C" not null default '',
  rung       int not null default 0,
  since      timestamptz not null default 'epoch',
  until      timestamptz,
  from_account text collate "C" not null default '', -- whose role it is, if delegated
  reason     text not null default '',
  primary key (account, role, place, department, rung, since, from_account),
  constraint a_grant_does_not_end_before_it_begins check (until is null or until >= since),
  constraint a_delegation_ends check (from_account = '' or until is not null),
  constraint nobody_delegates_to_themselves check (from_account <> account)
);
create index account_grant_from on account_grant (from_account) where from_account <> '';

create table account_session (
  id         bytea primary key, -- sha256 of the cookie
  account    text collate "C" not null references account on delete cascade,
  created_at timestamptz not null,
  seen_at    timestamptz not null,
  expires_at timestamptz not null,
  second     boolean not null,
  constraint a_session_id_is_a_sha256 check (octet_length(id) = 32)
);
create index account_session_account on account_session (account);

create table account_token (
  id         text collate "C" primary key, -- the shown prefix
  account    text collate "C" not null references account on delete cascade,
  hash       bytea not null,               -- sha256 of the whole token
  name       text not null default '',
  limits     text[],                       -- null is all rights of the account
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  used_at    timestamptz,
  constraint a_token_hash_is_a_sha256 check (octet_length(hash) = 32),
  constraint a_token_is_known_once unique (hash)
);
create index account_token_account on account_token (account);

-- +goose Down
drop table account_token, account_session, account_grant, account;
