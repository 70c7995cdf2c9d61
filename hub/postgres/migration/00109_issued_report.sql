-- +goose Up
-- Reports that were issued, with what they were made from: the same period
-- gives the same numbers for ever. A second version of a period says why.
create table assess_issue (
  id        bigint generated always as identity primary key,
  since     timestamptz not null,
  until     timestamptz not null,
  version   int not null,
  at        timestamptz not null,
  account   text collate "C" not null,
  reason    text not null,
  formulas  text collate "C" not null references assess_formulas,
  cases     int not null,
  hash      bytea not null, -- sha256 of formulas and facts
  constraint an_issue_ends_after_it_begins check (until > since),
  constraint an_issue_has_a_sha256 check (octet_length(hash) = 32),
  constraint a_further_issue_says_why check (version = 1 or reason <> ''),
  constraint versions_of_a_period_are_counted unique (since, until, version)
);

create table assess_issue_fact (
  issue      bigint not null references assess_issue,
  n          int not null, -- place in the order of the facts
  case_id    text collate "C" not null,
  department text collate "C" not null,
  place      text collate "C" not null,
  fact       text not null, -- JSON, as it was hashed
  primary key (issue, n)
);

-- +goose Down
drop table assess_issue_fact, assess_issue;
