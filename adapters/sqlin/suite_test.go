package sqlin_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/adapters/sqlin"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// table makes the table of another system and returns its address.
func table(t *testing.T) (dsn string, conn *pgx.Conn) {
	t.Helper()
	dsn = pgtest.DSN(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), `create table gd (id bigint generated always as identity, bh text, nr text, dj timestamptz default '2026-11-23 09:08:00+08', je numeric default 12.50, zt text default '0', sx text, yy text)`); err != nil {
		t.Fatal(err)
	}
	return dsn, conn
}

func suite(conn *pgx.Conn, options string) adaptertest.Suite {
	return adaptertest.Suite{
		Spec: sqlin.Spec(), Options: options + "\nevery: 2ms",
		Config: adapters.Config{Map: mapping.Config{ExternalID: "bh", Text: "nr", SubmittedAt: "date(dj)"}},
		Message: func(id string, n int) adaptertest.Sample {
			return adaptertest.Sample{MediaType: id, Body: fmt.Sprintf("v%d", n)}
		},
		Feed: func(all []adaptertest.Sample) error {
			for _, m := range all {
				if _, err := conn.Exec(context.Background(), "insert into gd (bh, nr) values ($1, $2)", m.MediaType, m.Body); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func TestStatusColumn(t *testing.T) {
	dsn, conn := table(t)
	adaptertest.Run(t, suite(conn, fmt.Sprintf(`
dsn: %q
query: select id, bh, nr, dj, je from gd where zt = '0' order by id limit 20
key: id
done: update gd set zt = '1', sx = $2 where id::text = $1
refused: update gd set zt = '9', yy = $2 where id::text = $1`, dsn)))
	var open, done, refused int
	err := conn.QueryRow(t.Context(), `select count(*) filter (where zt = '0'), count(*) filter (where zt = '1' and sx like 'BY%'),
		count(*) filter (where zt = '9' and yy <> '') from gd`).Scan(&open, &done, &refused)
	if err != nil || done < 40 || refused < 3 {
		t.Errorf("open %d, done %d, refused %d, %v", open, done, refused, err)
	}
}

func TestCursor(t *testing.T) {
	dsn, conn := table(t)
	adaptertest.Run(t, suite(conn, fmt.Sprintf("dsn: %q\nquery: select id, bh, nr, dj, je from gd where id > $1::bigint order by id limit 20\ncursor: id", dsn)))
}

func TestValuesAreAsTheDatabasePrintsThem(t *testing.T) {
	dsn, conn := table(t)
	if _, err := conn.Exec(t.Context(), "insert into gd (bh, nr) values ('1', '冷')"); err != nil {
		t.Fatal(err)
	}
	s := suite(conn, fmt.Sprintf("dsn: %q\nquery: select id, bh, nr, dj, je, sx from gd where zt = '0' order by id limit 20\nkey: id\ndone: update gd set zt = '1' where id::text = $1", dsn))
	done := func() bool {
		var n int
		return conn.QueryRow(t.Context(), "select count(*) from gd where zt = '1'").Scan(&n) == nil && n == 1
	}
	got := adaptertest.Until(t, s, done).Taken()
	if len(got) != 1 || got[0].Extra["je"] != "12.50" || got[0].SubmittedAt.UTC().Format("2006-01-02 15:04") != "2026-11-23 01:08" {
		t.Errorf("%+v", got)
	}
}

func TestValidate(t *testing.T) {
	good := sqlin.Default()
	good.DSN, good.Query, good.Cursor = "x", "select id from t where id > $1 order by id limit 1", "id"
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*sqlin.Config){
		"dsn": func(c *sqlin.Config) { c.DSN = "" }, "query is": func(c *sqlin.Config) { c.Query = "" }, "cursor": func(c *sqlin.Config) { c.Cursor = "" },
		"query: 用游标": func(c *sqlin.Config) { c.Query = "select 1 order by 1 limit 1" }, "key": func(c *sqlin.Config) { c.Done = "x" },
		"query: 要有 limit": func(c *sqlin.Config) { c.Query = "select $1 order by 1" }, "query: 要有 order": func(c *sqlin.Config) { c.Query = "select $1 limit 1" },
		"every": func(c *sqlin.Config) { c.Every = 0 },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
