package postgres_test

import (
	"database/sql"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/migration"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

// TestWhatTheFirstReleaseStoredIsReadByThis stores rows as version 1 did and
// migrates them.
func TestWhatTheFirstReleaseStoredIsReadByThis(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	conn, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, migration.FS())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`insert into outbox (topic, key, msg_id, payload) values ('事件', 'k', 'm1', 'one'), ('b', '', 'm2', '')`,
		`insert into cases values ('BY1', 1, 'sorting', 'qr', 'r1', '', '', '', '', '', '', '暖气不热', 0,
			'2026-11-23 09:00Z', null, null, '\x00', '{"id": "BY1", "version": 1, "status": "sorting", "receipt": "r1"}')`,
		`insert into submission values ('r1', 'BY1', 'qr', '1', false, '', '', '', '', null,
			'2026-11-23 09:00Z', '2026-11-23 09:00Z', '{"title": "暖气不热", "text": "三天了", "extra": {"_account": "u7", "_person": "p8"}}')`,
		`insert into event values ('BY1', 1, 'received', '2026-11-23 09:00Z', '{"id": "qr", "kind": "channel"}',
			'{"text": "x"}', sha256('x'))`,
	} {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	db := pgtest.OpenAt(t, dsn)
	c, s, err := cases.New(db).Case(t.Context(), "BY1")
	if err != nil || c.Status != hub.StatusSorting || s.Text != "三天了" {
		t.Errorf("case %+v, submission %+v, %v", c, s, err)
	}
	var account, person string
	err = db.Pool().QueryRow(t.Context(), "select account, person from submission").Scan(&account, &person)
	if err != nil || account != "u7" || person != "p8" {
		t.Errorf("the channel's user is %q, the person %q, %v", account, person, err)
	}
	events, err := cases.New(db).Events(t.Context(), "BY1")
	if err != nil || len(events) != 1 || events[0].By.ID != "qr" || events[0].Data.Text != "x" {
		t.Errorf("events %+v, %v", events, err)
	}
	n, err := db.RelayOutbox(t.Context(), 10, func(out []hub.Outgoing) error {
		if o := out[0]; o.Topic == "事件" && (o.Key != "k" || o.ID != "m1" || string(o.Payload) != "one") {
			t.Errorf("got %+v", o)
		}
		return nil
	})
	if err != nil || n != 2 {
		t.Errorf("relayed %d, %v", n, err)
	}
}
