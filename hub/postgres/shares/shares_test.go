package shares_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub/daily"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/shares"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestTheDaysCases(t *testing.T) {
	db, ctx := pgtest.Open(t), t.Context()
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for id, at := range map[string][2]any{
		"before": {day.Add(-time.Hour), nil}, "opened": {day.Add(time.Hour), nil}, "after": {day.Add(25 * time.Hour), nil},
		"closed": {day.Add(-48 * time.Hour), day.Add(2 * time.Hour)}, "both": {day.Add(3 * time.Hour), day.Add(4 * time.Hour)},
	} {
		_, err := db.Pool().Exec(ctx, `insert into cases (id, version, status, channel, receipt, lead, place, category, kind, urgency, topic,
			title, rung, opened_at, closed_at, head, state) values ($1, 1, 'assigned', 'qr', 'r', 'heating', 'p', 'c', 'help', 'normal', 't',
			'标题', 1, $2, $3, 'x', '{}')`, id, at[0], at[1])
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	err := shares.New(db.Pool()).Rows(ctx, day, day.Add(24*time.Hour), func(r daily.Row) error {
		got = append(got, string(r.ID))
		if r.Title != "标题" || (r.ID == "opened") != r.ClosedAt.IsZero() {
			t.Errorf("%+v", r)
		}
		return nil
	})
	if err != nil || strings.Join(got, " ") != "closed opened both" {
		t.Errorf("%v, %v", got, err)
	}
	stop := errors.New("disk full")
	if err := shares.New(db.Pool()).Rows(ctx, day, day.Add(24*time.Hour), func(daily.Row) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the reader's error is lost: %v", err)
	}
}
