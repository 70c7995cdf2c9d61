package routing_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/routing"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestRoutingReadsWhoSentBackAndWhereCasesWent(t *testing.T) {
	db, ctx := pgtest.Open(t), t.Context()
	store(t, db.Pool(), "BY-1", noon, []row{
		{"received", `{}`},
		{"assigned", `{"lead":"urban","decision":{"rule":"城管-001","lead":"urban","rule_set":"","class":{},"confidence":1}}`},
		{"signed_for", `{"department":"urban"}`},
		{"sent_back", `{"department":"urban","text":"不归我们"}`},
		{"assigned", `{"lead":"housing"}`},
	})
	store(t, db.Pool(), "BY-0", noon.Add(-48*time.Hour), []row{{"assigned", `{"lead":"urban"}`}})

	var got []hub.Event
	err := routing.New(db).Routing(ctx, noon.Add(-time.Hour), func(e hub.Event) error { got = append(got, e); return nil })
	if err != nil || len(got) != 3 {
		t.Fatalf("events %+v, %v", got, err)
	}
	if d := got[0].Data.Decision; d == nil || d.Rule != "城管-001" || got[0].Case != "BY-1" {
		t.Errorf("first event %+v", got[0])
	}
	if got[1].Type != hub.SentBack || got[1].Data.Department != "urban" || got[2].Data.Lead != "housing" || got[2].Data.Decision != nil {
		t.Errorf("events %+v", got[1:])
	}
	full := errors.New("enough")
	err = routing.New(db).Routing(ctx, time.Time{}, func(hub.Event) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("the reader's error is lost: %v", err)
	}
}

// row is the type and the data of an event.
type row struct{ kind, data string }

// store writes a case and its events as the desk would.
func store(t *testing.T, pool *pgxpool.Pool, id string, at time.Time, rows []row) {
	t.Helper()
	_, err := pool.Exec(t.Context(), `insert into cases (id, version, status, channel, receipt, lead, place, category, kind,
			urgency, topic, title, rung, opened_at, head, state)
		values ($1, $2, 'assigned', 'qr', $1, '', '', '', 'help', 'normal', '', '', 1, $3, ''::bytea, '{}')`, id, len(rows), at)
	for i, r := range rows {
		if err == nil {
			_, err = pool.Exec(t.Context(), `insert into event (case_id, seq, type, at, actor, data, hash)
				values ($1, $2, $3, $4, '{}', $5, sha256(''::bytea))`, id, i+1, r.kind, at, r.data)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
