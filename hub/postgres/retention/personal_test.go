package retention_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/attachments"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/retention"
)

// A column is a row of hub/doc/personal.tsv.
type column struct{ table, name, holds, end string }

// personalTable reads the committed table of what every column holds.
func personalTable(t *testing.T) map[string]column {
	t.Helper()
	data, err := os.ReadFile("../../doc/personal.tsv")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]column{}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) != 5 {
			t.Fatalf("personal.tsv: %q has %d columns, not 5", line, len(f))
		}
		if f[0] != "table" {
			for name := range strings.FieldsSeq(f[1]) {
				out[f[0]+"."+name] = column{f[0], name, f[2], f[3]}
			}
		}
	}
	return out
}

// storedColumns lists the columns of db that can hold words.
func storedColumns(t *testing.T, db *postgres.DB) []column {
	t.Helper()
	rows, err := db.Pool().Query(t.Context(), `select table_name, column_name from information_schema.columns
		where table_schema = current_schema() and data_type in ('text', 'json', 'jsonb', 'bytea', 'ARRAY')
		and table_name not like 'goose%' order by table_name, column_name`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (c column, err error) { return c, r.Scan(&c.table, &c.name) })
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// dump is all that a column holds, as text.
func dump(t *testing.T, db *postgres.DB, c column) string {
	t.Helper()
	var text string
	sql := fmt.Sprintf(`select coalesce(string_agg(%q::text, E'\n'), '') from %q`, c.name, c.table)
	if err := db.Pool().QueryRow(t.Context(), sql).Scan(&text); err != nil {
		t.Fatalf("%s.%s: %v", c.table, c.name, err)
	}
	return text
}

func TestEveryColumnSaysWhetherItHoldsPersonalData(t *testing.T) {
	t.Parallel()
	known, have := personalTable(t), map[string]bool{}
	for _, c := range storedColumns(t, pgtest.Open(t)) {
		have[c.table+"."+c.name] = true
		if _, ok := known[c.table+"."+c.name]; !ok {
			t.Errorf("%s.%s is not in hub/doc/personal.tsv: say what it holds and when that is deleted", c.table, c.name)
		}
	}
	for name, c := range known {
		if !have[name] {
			t.Errorf("hub/doc/personal.tsv has %s, which is no column", name)
		}
		if ends := map[string]string{"none": "kept", "staff": "kept", "citizen": "erased moment kept"}; !strings.Contains(ends[c.holds], c.end) {
			t.Errorf("hub/doc/personal.tsv: %s holds %q and ends %q", name, c.holds, c.end)
		}
	}
}

const canary = "金丝雀暗语"

// sing puts the canary into every column that may hold what a citizen said, for
// the case BY0001.
func sing(t *testing.T, db *postgres.DB) {
	t.Helper()
	o, ctx := closedOpening(1, pgtest.Monday().Add(time.Hour)), t.Context()
	digest := strings.Repeat("ab", 32)
	o.Submission.Content = hub.Content{Title: canary, Text: canary, Attachments: []hub.Attachment{{SHA256: digest, MediaType: "text/plain"}}}
	o.Submission.Raw = []byte(canary)
	o.Case.Asked = &hub.Extension{Reason: canary}
	o.Events[1].Data.Text, o.Events[1].Data.Extension = canary, &hub.Extension{Reason: canary}
	if _, err := cases.New(db).InsertCases(ctx, []hub.Opening{o}); err != nil {
		t.Fatal(err)
	}
	if err := attachments.New(db).SaveAttachment(ctx, o.Submission.Attachments[0], []byte(canary)); err != nil {
		t.Fatal(err)
	}
	alert := hub.Alert{ID: "a1", Department: "heating", Case: "BY0001", Content: o.Submission.Content, Text: canary, At: pgtest.Monday()}
	if err := deliveries.New(db).AddDeliveries(ctx, []hub.Alert{alert}, pgtest.Monday()); err != nil {
		t.Fatal(err)
	}
	if _, err := cases.New(db).IndexSearch(ctx); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`update delivery set receipt = jsonb_build_object('alert', 'a1', 'reason', @c::text, 'facts', jsonb_build_object('who', @c::text))`,
		`update submission set account = @c, person = @c`,
		`insert into attempt values ('a1', 1, @at, 0, @c)`,
		`insert into case_order values ('BY0001', 2, 'supervised', '', '', '', '', @c, @at, @at, @at, '', @c)`,
		`insert into deputy_act (at, account, name, case_id, round, kind, text) values (@at, 'han', '', 'BY0001', 1, 'suggested', @c)`,
		`insert into return_visit (case_id, round, reason, closed_at, made_at, reached, text) values ('BY0001', 1, 'sample', @at, @at, false, @c)`,
		`insert into alert_feedback values ('a1', 'heating', 'BY0001', 'too_thin', '', @c, @at)`,
		`insert into assess_appeal (case_id, measure, reason, account, at, granted, decision, decided_by, decided_at)
			values ('BY0001', 'closing', @c, 'guo', @at, true, @c, 'wu', @at)`,
		`insert into dead_letter (at, stage, key, reason, payload) values (@at, 'mashang.updates', 'BY0001', @c, convert_to(@c, 'UTF8'))`,
	} {
		if _, err := db.Pool().Exec(ctx, sql, pgx.NamedArgs{"c": canary, "at": pgtest.Monday()}); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// A dump of the whole database after the term has the canary nowhere, and the
// histories can be followed all the same.
func TestNothingOfTheCitizenIsLeftAfterTheTerm(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	sing(t, db)
	known := personalTable(t)
	for _, c := range storedColumns(t, db) {
		row := known[c.table+"."+c.name]
		heard := strings.Contains(dump(t, db, c), canary) || strings.Contains(dump(t, db, c), hexOf(canary))
		if want := row.holds == "citizen" && row.end == "erased"; heard != want && c.name != "grams" {
			t.Errorf("before: the canary in %s.%s is %v; the table says %s, %s", c.table, c.name, heard, row.holds, row.end)
		}
	}
	now := pgtest.Monday().AddDate(4, 0, 0)
	if gone, err := retention.New(db).Expire(ctx, now, now.AddDate(-3, 0, 0), 10); err != nil || len(gone) != 1 {
		t.Fatalf("deleted %v, %v", gone, err)
	}
	for _, c := range storedColumns(t, db) {
		if text := dump(t, db, c); strings.Contains(text, canary) || strings.Contains(text, hexOf(canary)) {
			t.Errorf("after the term %s.%s still has the citizen's words", c.table, c.name)
		}
	}
	var words int
	if err := db.Pool().QueryRow(ctx, "select count(*) from search_words").Scan(&words); err != nil || words != 0 {
		t.Errorf("the index of words has %d cases, %v", words, err)
	}
	if err := cases.New(db).VerifyEvents(ctx, "BY0001"); err != nil {
		t.Errorf("the history: %v", err)
	}
	if h, err := cases.New(db).VerifyHistories(ctx, "", 10); err != nil || h.FirstBad != nil || h.Erased != 1 {
		t.Errorf("all histories: %+v, %v", h, err)
	}
}

func hexOf(s string) string { return fmt.Sprintf("%x", s) }

// Nobody hides a change of an event behind a deletion that never was.
func TestAFalseErasureIsFound(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	if _, err := cases.New(db).InsertCases(t.Context(), []hub.Opening{pgtest.Opening(0), pgtest.Opening(1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool().Exec(t.Context(), "update event set data = '{}', erased_at = at where case_id = 'BY0001' and seq = 2"); err != nil {
		t.Fatal(err)
	}
	h, err := cases.New(db).VerifyHistories(t.Context(), "", 10)
	if err != nil || h.FirstBad == nil || h.FirstBad.Case != "BY0001" || h.FirstBad.Seq != 2 {
		t.Errorf("%+v, %v", h, err)
	}
}

// A photo that another citizen sent too stays theirs.
func TestASharedPhotoStays(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	now := pgtest.Monday().AddDate(4, 0, 0)
	photo := hub.Attachment{SHA256: strings.Repeat("cd", 32), MediaType: "image/png"}
	old, young := closedOpening(1, pgtest.Monday().Add(time.Hour)), closedOpening(2, now)
	old.Submission.Attachments, young.Submission.Attachments = []hub.Attachment{photo}, []hub.Attachment{photo}
	if _, err := cases.New(db).InsertCases(ctx, []hub.Opening{old, young}); err != nil {
		t.Fatal(err)
	}
	if err := attachments.New(db).SaveAttachment(ctx, photo, []byte("png")); err != nil {
		t.Fatal(err)
	}
	if _, err := retention.New(db).Expire(ctx, now, now.AddDate(-3, 0, 0), 10); err != nil {
		t.Fatal(err)
	}
	if _, _, err := attachments.New(db).Attachment(ctx, photo.SHA256); err != nil {
		t.Errorf("while another case has it: %v", err)
	}
	much := now.AddDate(4, 0, 0)
	if _, err := retention.New(db).Expire(ctx, much, much.AddDate(-3, 0, 0), 10); err != nil {
		t.Fatal(err)
	}
	if _, _, err := attachments.New(db).Attachment(ctx, photo.SHA256); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("after the last of them: %v", err)
	}
}

func TestOldDeadLettersEnd(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	for _, at := range []time.Time{pgtest.Monday(), pgtest.Monday().AddDate(1, 0, 0)} {
		_, err := db.Pool().Exec(ctx, "insert into dead_letter (at, stage, key, reason, payload) values ($1, 's', 'k', 'r', $2)", at, []byte(canary))
		if err != nil {
			t.Fatal(err)
		}
	}
	if n, err := retention.New(db).ExpireLetters(ctx, pgtest.Monday().AddDate(1, 0, 1), pgtest.Monday().AddDate(0, 6, 0)); n != 1 || err != nil {
		t.Errorf("deleted %d letters, %v", n, err)
	}
	var left int
	if err := db.Pool().QueryRow(ctx, "select count(*) from dead_letter").Scan(&left); left != 1 || err != nil {
		t.Errorf("left %d letters, %v", left, err)
	}
}
