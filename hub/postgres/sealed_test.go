package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/seal"
)

func keyring(t *testing.T, text string) *seal.Keyring {
	t.Helper()
	k, err := seal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// personalOpening is opening n with all that is personal.
func personalOpening(n int) hub.Opening {
	o := opening(n)
	o.Submission.Reporter = hub.Reporter{Name: "欧阳暗语", Phone: "19912345678", IDNumber: "620402199001011234"}
	o.Submission.Title = "欧阳暗语家暖气不热"
	o.Submission.Text = "我叫欧阳暗语，电话199 1234 5678，家里冷"
	o.Submission.Extra = map[string]string{"来电号码": "19912345678"}
	o.Submission.Raw = []byte(`{"phone":"19912345678","name":"欧阳暗语"}`)
	return o
}

// stored is all that the database has on submissions and deliveries.
func stored(t *testing.T, db *postgres.DB) string {
	t.Helper()
	var text string
	err := db.Pool().QueryRow(t.Context(), `select coalesce(string_agg(content::text || encode(raw, 'escape'), ''), '') ||
		coalesce((select string_agg(alert::text, '') from delivery), '') || (select string_agg(title, '') from cases) from submission`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestPersonalDataIsSealedAtRest(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	db.SealWith(keyring(t, seal.NewLine("k1")))
	want := personalOpening(1)
	if _, err := db.InsertCases(ctx, []hub.Opening{want}); err != nil {
		t.Fatal(err)
	}
	if err := db.Preload(ctx, []hub.Opening{personalOpening(2)}); err != nil {
		t.Fatal(err)
	}
	alert := hub.Alert{ID: "a1", Department: "heating", Case: "BY0001", Content: want.Submission.Content, At: monday()}
	if err := db.AddDeliveries(ctx, []hub.Alert{alert}, monday()); err != nil {
		t.Fatal(err)
	}
	text := stored(t, db)
	for _, canary := range []string{"欧阳暗语", "19912345678", "620402199001011234", "来电号码", "199 1234 5678", "暗语"} {
		if strings.Contains(text, canary) {
			t.Errorf("%s is stored in the open", canary)
		}
	}
	for _, id := range []hub.CaseID{"BY0001", "BY0002"} {
		_, s, err := db.Case(ctx, id)
		if s.Title != want.Submission.Title || s.Text != want.Submission.Text {
			t.Errorf("%s reads %q %q", id, s.Title, s.Text)
		}
		if err != nil || s.Reporter != want.Submission.Reporter || s.Extra["来电号码"] != "19912345678" || string(s.Raw) != string(want.Submission.Raw) {
			t.Errorf("%s reads %+v, %v", id, s, err)
		}
	}
	ds, err := db.Deliveries(ctx, "BY0001")
	if err != nil || len(ds) != 1 || ds[0].Alert.Content.Reporter.Phone != "19912345678" {
		t.Errorf("delivery %+v, %v", ds, err)
	}
	_, err = db.ChangeCase(ctx, "BY0001", "", monday(), func(c hub.Case, s hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
		if s.Reporter.Phone != "19912345678" {
			t.Errorf("a decision sees %+v", s.Reporter)
		}
		return progress(c)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	if _, err := db.InsertCases(ctx, []hub.Opening{personalOpening(0), opening(9)}); err != nil { // before there were keys
		t.Fatal(err)
	}
	one, two := seal.NewLine("k1"), seal.NewLine("k2")
	db.SealWith(keyring(t, one))
	if _, err := db.InsertCases(ctx, []hub.Opening{personalOpening(1), personalOpening(2)}); err != nil {
		t.Fatal(err)
	}
	db.SealWith(keyring(t, two+one))
	total, last := 0, hub.ReceiptID("")
	for {
		next, n, err := db.Reseal(ctx, last, 2)
		if err != nil {
			t.Fatal(err)
		}
		total += n
		if last = next; next == "" {
			break
		}
	}
	if total != 4 {
		t.Errorf("sealed %d anew", total)
	}
	db.SealWith(keyring(t, two)) // the old key is thrown away
	for _, id := range []hub.CaseID{"BY0000", "BY0001", "BY0002"} {
		if _, s, err := db.Case(ctx, id); err != nil || s.Reporter.Phone != "19912345678" || len(s.Raw) == 0 || s.Raw[0] != '{' {
			t.Errorf("%s: %+v, %v", id, s, err)
		}
	}
	if _, n, err := db.Reseal(ctx, "", 10); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}

func TestRevealIsRecordedOrRefused(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	db.SealWith(keyring(t, seal.NewLine("k1")))
	if _, err := db.InsertCases(t.Context(), []hub.Opening{personalOpening(1)}); err != nil {
		t.Fatal(err)
	}
	li := hub.Actor{Kind: hub.ActorPerson, ID: "li"}
	ctx := audit.From(t.Context(), audit.Source{Actor: li})
	foreign := hub.WithScope(ctx, hub.Scope{{Department: "housing"}})
	if _, err := db.Reveal(foreign, "BY0001", monday(), "回访"); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("another department's case: %v", err)
	}
	s, err := db.Reveal(ctx, "BY0001", monday(), "电话回访")
	if err != nil || s.Reporter.Phone != "19912345678" {
		t.Fatalf("%+v, %v", s, err)
	}
	list, err := auditlog.List(ctx, db.Pool(), auditlog.Filter{Action: audit.Revealed})
	if err != nil || len(list) != 1 || list[0].Actor != li || list[0].Data["purpose"] != "电话回访" || list[0].Object != "BY0001" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := db.Pool().Exec(ctx, "alter table audit add constraint full_disk check (false) not valid"); err != nil {
		t.Fatal(err)
	}
	if s, err := db.Reveal(ctx, "BY0001", monday(), "电话回访"); err == nil || s.Reporter.Phone != "" {
		t.Errorf("shown without a record: %+v, %v", s, err)
	}
}

// Every node must be able to open what another one sealed.
func TestANodeWithOtherKeysIsRefused(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	first, second, other := seal.NewLine("k1"), seal.NewLine("k2"), seal.NewLine("k1")
	start := func(lines ...string) error { return db.CheckKeys(ctx, keyring(t, strings.Join(lines, "")), monday()) }
	for range 2 { // the first node, and after it one with the same file
		if err := start(first); err != nil {
			t.Fatal(err)
		}
	}
	if err := start(other); !isKey(err, "keys.other") {
		t.Errorf("a file of its own: %v", err)
	}
	if err := start(second); !isKey(err, "keys.missing") {
		t.Errorf("a file without the key in use: %v", err)
	}
	if err := start(second, first); err != nil {
		t.Errorf("a new key before the old one: %v", err)
	}
	if err := start(first); !isKey(err, "keys.missing") {
		t.Errorf("a node that did not hear of the new key: %v", err)
	}
	gone, err := db.ForgetKeys(ctx, keyring(t, second+first))
	if err != nil || len(gone) != 1 || gone[0] != "k1" {
		t.Errorf("forgot %v, %v", gone, err)
	}
	if err := start(second); err != nil {
		t.Errorf("without the key that seals nothing: %v", err)
	}
}

func isKey(err error, key string) bool {
	e, ok := errors.AsType[*hub.Error](err)
	return ok && e.Key == key
}
