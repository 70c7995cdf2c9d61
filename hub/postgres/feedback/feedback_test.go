package feedback_test

import (
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/feedback"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/receipt"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestFeedbackCountsForItsRule(t *testing.T) {
	db, ctx := pgtest.Open(t), t.Context()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	for c, rule := range map[string]string{"BY1": "供暖-001", "BY2": "供暖-001", "BY3": ""} {
		data := `{}`
		if rule != "" {
			data = `{"decision":{"rule":"` + rule + `"}}`
		}
		_, err := db.Pool().Exec(ctx, `insert into event (case_id, seq, type, at, actor, data, hash)
			values ($1, 1, 'received', $2, '{}', $3, sha256('x'))`, c, now, data)
		if err != nil {
			t.Fatal(err)
		}
	}
	s := feedback.New(db.Pool())
	say := func(c hub.CaseID, kind receipt.Kind, note string) {
		t.Helper()
		f := receipt.Feedback{
			Ticket: receipt.Ticket{Alert: hub.AlertID(c + ".2.heating"), Case: c, Department: "heating"}, Kind: kind, Note: note, At: now,
		}
		if err := s.Save(ctx, f); err != nil {
			t.Fatal(err)
		}
	}
	say("BY1", receipt.NotOurs, "")
	say("BY1", receipt.NotOurs, "again")
	say("BY2", receipt.NotOurs, "")
	say("BY2", receipt.TooThin, "")
	say("BY3", receipt.FalseAlarm, "")
	got, err := s.Counts(ctx, now.Add(-time.Hour))
	if err != nil || len(got) != 3 || got[0] != (feedback.Count{Rule: "供暖-001", Kind: receipt.NotOurs, Count: 2, Department: "heating"}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, _ = s.Counts(ctx, now.Add(time.Hour)); len(got) != 0 {
		t.Errorf("later: %+v", got)
	}
	if said, err := s.Remarks(ctx, now.Add(-time.Hour)); err != nil || len(said) != 0 {
		t.Errorf("remarks on cases that are not kept: %+v, %v", said, err)
	}
	if err := s.Save(ctx, receipt.Feedback{Ticket: receipt.Ticket{Alert: "x"}, Kind: "rubbish", At: now}); err == nil {
		t.Error("an unknown kind is kept")
	}
}
