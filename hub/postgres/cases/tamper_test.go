package cases_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestAChangedHistoryIsFound(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"a word of the data":  `update event set data = replace(data::text, 'heating', 'housing')::json where seq = 2`,
		"who did it":          `update event set actor = '{"kind":"person","id":"p1"}' where seq = 1`,
		"when it was":         `update event set at = at + interval '1 second' where seq = 1`,
		"what it was":         `update event set type = 'rejected' where seq = 3`,
		"its number":          `update event set seq = 9 where seq = 3`,
		"an event taken out":  `delete from event where seq = 2`,
		"the last one gone":   `delete from event where seq = 3`,
		"all of them gone":    `delete from event`,
		"one put in":          `insert into event select case_id, 4, type, at, actor, data, hash from event where seq = 3`,
		"two changed places":  `update event set seq = case seq when 1 then -2 else -1 end * -1 + 10 where seq < 3`,
		"the head of the row": `update cases set head = sha256('x')`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := pgtest.Migrated(t)
			store := cases.New(pgtest.OpenAt(t, dsn))
			openCases(t, store, 1)
			if _, err := store.ChangeCase(t.Context(), "BY0000", "m1", pgtest.Monday(), func(c hub.Case, _ hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
				return progress(c)
			}); err != nil {
				t.Fatal(err)
			}
			if err := store.VerifyEvents(t.Context(), "BY0000"); err != nil {
				t.Fatalf("before: %v", err)
			}
			tamper(t, dsn, sql)
			if err := store.VerifyEvents(t.Context(), "BY0000"); !hasKey(err, "event.tampered") {
				t.Errorf("got %v, want event.tampered", err)
			}
			if h, err := store.VerifyHistories(t.Context(), "", 100); err != nil || h.FirstBad == nil || h.FirstBad.Case != "BY0000" {
				t.Errorf("among all: %+v, %v", h, err)
			}
		})
	}
}

// Three cases, looked at two at a time: the first bad event of all is named.
func TestAllHistoriesAreFollowed(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]struct {
		sql  string
		want audit.EventFault
	}{
		"all is well":         {"update cases set title = title", audit.EventFault{}},
		"a word changed":      {"update event set data = replace(data::text, 'heating', 'housing')::json where case_id = 'BY0001' and seq = 2", audit.EventFault{Case: "BY0001", Seq: 2, Reason: audit.EventChanged}},
		"the last event gone": {"delete from event where case_id = 'BY0002' and seq = 2", audit.EventFault{Case: "BY0002", Seq: 2, Reason: audit.EventMissing}},
		"a history gone":      {"delete from event where case_id = 'BY0000'", audit.EventFault{Case: "BY0000", Seq: 1, Reason: audit.EventMissing}},
		"another end":         {"update cases set head = sha256('x') where id = 'BY0001'", audit.EventFault{Case: "BY0001", Seq: 2, Reason: audit.HeadDiffers}},
		"a case's row gone":   {"delete from cases where id = 'BY0001'", audit.EventFault{Case: "BY0001", Seq: 1, Reason: audit.CaseMissing}},
		"a case gone with all its events": {
			"with e as (delete from event where case_id = 'BY0001') delete from cases where id = 'BY0001'", audit.EventFault{Case: "BY0001", Reason: audit.CaseMissing},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := pgtest.Migrated(t)
			store := cases.New(pgtest.OpenAt(t, dsn))
			openCases(t, store, 3)
			tamper(t, dsn, story.sql)
			var got audit.EventFault
			for after, more := hub.CaseID(""), true; more; {
				h, err := store.VerifyHistories(t.Context(), after, 2)
				if err != nil {
					t.Fatal(err)
				}
				if h.FirstBad != nil {
					got = *h.FirstBad
					break
				}
				after, more = h.Next, h.Next != ""
			}
			if got != story.want {
				t.Errorf("found %+v, want %+v", got, story.want)
			}
		})
	}
}

func tamper(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if tag, err := conn.Exec(t.Context(), sql); err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%s: %v, %v", sql, tag, err)
	}
}

func hasKey(err error, key string) bool {
	e, ok := err.(*hub.Error) //nolint:errorlint // the outermost error is meant
	return ok && e.Key == key
}
