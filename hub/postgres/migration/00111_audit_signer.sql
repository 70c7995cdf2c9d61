-- +goose Up
-- The public keys of all nodes that sign checkpoints of the audit; each is
-- recorded in the audit when it comes.
create table audit_signer (
  key_id     text collate "C" primary key,
  public_key bytea not null,
  since      timestamptz not null,
  constraint a_public_key_is_one_of_ed25519 check (octet_length(public_key) = 32)
);

-- +goose Down
drop table audit_signer;
