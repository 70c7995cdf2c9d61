package cases_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/seal"
)

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
	store, db := open(t)
	ctx := t.Context()
	db.SealWith(pgtest.Keyring(t, seal.NewLine("k1")))
	want := pgtest.PersonalOpening(1)
	if _, err := store.InsertCases(ctx, []hub.Opening{want}); err != nil {
		t.Fatal(err)
	}
	if err := store.Preload(ctx, []hub.Opening{pgtest.PersonalOpening(2)}); err != nil {
		t.Fatal(err)
	}
	alert := hub.Alert{ID: "a1", Department: "heating", Case: "BY0001", Content: want.Submission.Content, At: pgtest.Monday()}
	if err := deliveries.New(db).AddDeliveries(ctx, []hub.Alert{alert}, pgtest.Monday()); err != nil {
		t.Fatal(err)
	}
	text := stored(t, db)
	for _, canary := range []string{"欧阳暗语", "19912345678", "620402199001011234", "来电号码", "199 1234 5678", "暗语"} {
		if strings.Contains(text, canary) {
			t.Errorf("%s is stored in the open", canary)
		}
	}
	for _, id := range []hub.CaseID{"BY0001", "BY0002"} {
		_, s, err := store.Case(ctx, id)
		if s.Title != want.Submission.Title || s.Text != want.Submission.Text {
			t.Errorf("%s reads %q %q", id, s.Title, s.Text)
		}
		if err != nil || s.Reporter != want.Submission.Reporter || s.Extra["来电号码"] != "19912345678" || string(s.Raw) != string(want.Submission.Raw) {
			t.Errorf("%s reads %+v, %v", id, s, err)
		}
	}
	ds, err := deliveries.New(db).Deliveries(ctx, "BY0001")
	if err != nil || len(ds) != 1 || ds[0].Alert.Content.Reporter.Phone != "19912345678" {
		t.Errorf("delivery %+v, %v", ds, err)
	}
	_, err = store.ChangeCase(ctx, "BY0001", "", pgtest.Monday(), func(c hub.Case, s hub.Submission) (hub.Case, []hub.Event, []hub.Outgoing, error) {
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
	store, db := open(t)
	ctx := t.Context()
	if _, err := store.InsertCases(ctx, []hub.Opening{pgtest.PersonalOpening(0), pgtest.Opening(9)}); err != nil { // before there were keys
		t.Fatal(err)
	}
	one, two := seal.NewLine("k1"), seal.NewLine("k2")
	db.SealWith(pgtest.Keyring(t, one))
	if _, err := store.InsertCases(ctx, []hub.Opening{pgtest.PersonalOpening(1), pgtest.PersonalOpening(2)}); err != nil {
		t.Fatal(err)
	}
	db.SealWith(pgtest.Keyring(t, two+one))
	total, last := 0, hub.ReceiptID("")
	for {
		next, n, err := store.Reseal(ctx, last, 2)
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
	db.SealWith(pgtest.Keyring(t, two)) // the old key is thrown away
	for _, id := range []hub.CaseID{"BY0000", "BY0001", "BY0002"} {
		if _, s, err := store.Case(ctx, id); err != nil || s.Reporter.Phone != "19912345678" || len(s.Raw) == 0 || s.Raw[0] != '{' {
			t.Errorf("%s: %+v, %v", id, s, err)
		}
	}
	if _, n, err := store.Reseal(ctx, "", 10); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}

func TestRevealIsRecordedOrRefused(t *testing.T) {
	t.Parallel()
	store, db := open(t)
	db.SealWith(pgtest.Keyring(t, seal.NewLine("k1")))
	if _, err := store.InsertCases(t.Context(), []hub.Opening{pgtest.PersonalOpening(1)}); err != nil {
		t.Fatal(err)
	}
	li := hub.Actor{Kind: hub.ActorPerson, ID: "li"}
	ctx := audit.From(t.Context(), audit.Source{Actor: li})
	foreign := hub.WithScope(ctx, hub.Scope{{Department: "housing"}})
	if _, err := store.Reveal(foreign, "BY0001", pgtest.Monday(), "回访"); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("another department's case: %v", err)
	}
	s, err := store.Reveal(ctx, "BY0001", pgtest.Monday(), "电话回访")
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
	if s, err := store.Reveal(ctx, "BY0001", pgtest.Monday(), "电话回访"); err == nil || s.Reporter.Phone != "" {
		t.Errorf("shown without a record: %+v, %v", s, err)
	}
}

func TestThePetitionsOfOnePersonAreFound(t *testing.T) {
	t.Parallel()
	store, db := open(t)
	ctx, id := t.Context(), pgtest.PersonalOpening(1).Submission.Reporter.IDNumber
	db.SealWith(pgtest.Keyring(t, seal.NewLine("k1")))
	other := pgtest.PersonalOpening(2)
	other.Submission.Reporter.IDNumber = "620402199001019999"
	if _, err := store.InsertCases(ctx, []hub.Opening{pgtest.PersonalOpening(1), other, pgtest.PersonalOpening(3)}); err != nil {
		t.Fatal(err)
	}
	list, err := store.OfPerson(ctx, id, pgtest.Monday(), 9)
	if err != nil || len(list) != 2 || list[0] != "BY0001" || list[1] != "BY0003" {
		t.Errorf("found %v, %v", list, err)
	}
	if list, err := store.OfPerson(ctx, id, pgtest.Monday().Add(time.Second), 9); len(list) != 0 || err != nil {
		t.Errorf("since later: %v, %v", list, err)
	}
}

// TestOnePersonIsFoundWhileKeysChange: cases from before and after the change
// of keys are one person's before they were sealed anew, and afterwards without
// the old key.
func TestOnePersonIsFoundWhileKeysChange(t *testing.T) {
	t.Parallel()
	store, db := open(t)
	ctx, id := t.Context(), pgtest.PersonalOpening(1).Submission.Reporter.IDNumber
	one, two := seal.NewLine("k1"), seal.NewLine("k2")
	for i, keys := range []string{one, two + one} {
		db.SealWith(pgtest.Keyring(t, keys))
		if _, err := store.InsertCases(ctx, []hub.Opening{pgtest.PersonalOpening(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	found := func(when string) {
		if list, err := store.OfPerson(ctx, id, pgtest.Monday(), 9); err != nil || len(list) != 2 {
			t.Errorf("%s: found %v, %v", when, list, err)
		}
	}
	found("before sealing anew")
	if _, n, err := store.Reseal(ctx, "", 9); n != 1 || err != nil {
		t.Fatalf("sealed %d anew, %v", n, err)
	}
	db.SealWith(pgtest.Keyring(t, two))
	found("without the old key")
}
