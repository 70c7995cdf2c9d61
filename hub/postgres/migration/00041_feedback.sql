-- +goose Up
-- What departments say of an alert: 误报, 不归我们, 信息不全. It counts for the
-- rule that sent the case there.
create table alert_feedback (
  alert_id   text collate "C" not null,
  department text collate "C" not null,
  case_id    text collate "C" not null,
  kind       text collate "C" not null,
  rule       text not null,
  note       text not null,
  at         timestamptz not null,
  primary key (alert_id, kind),
  constraint a_feedback_has_a_known_kind check (kind in ('false_alarm', 'not_ours', 'too_thin'))
);
create index alert_feedback_rule on alert_feedback (rule, at);

-- +goose Down
drop table alert_feedback;
