-- +goose Up
-- What a clock did stands in the events of its case; nothing ever read this
-- second record of it. Nodes of the release before still write it, so it can
-- go only with the release after this one.
comment on table deadline_log is 'no longer written; to be dropped with the next release';

-- +goose Down
comment on table deadline_log is null;
