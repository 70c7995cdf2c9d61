package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestReads(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	openCases(t, db, 3)
	want := opening(1)
	c, s, err := db.Case(ctx, "BY0001")
	if err != nil || cmp.Diff(want.Case, c) != "" || cmp.Diff(want.Submission, s) != "" {
		t.Errorf("Case: %v %s %s", err, cmp.Diff(want.Case, c), cmp.Diff(want.Submission, s))
	}
	events, err := db.Events(ctx, "BY0001")
	if err != nil || cmp.Diff(want.Events, events) != "" {
		t.Errorf("Events: %v %s", err, cmp.Diff(want.Events, events))
	}
	if err := db.VerifyEvents(ctx, "BY0001"); err != nil {
		t.Errorf("VerifyEvents: %v", err)
	}
	for _, f := range []struct {
		hub.Filter
		want int
	}{
		{hub.Filter{}, 3},
		{hub.Filter{Status: hub.StatusAssigned, Channel: "qr", Open: true, Text: "暖气"}, 3},
		{hub.Filter{Place: "620400", Department: "heating"}, 3},
		{hub.Filter{Place: "620402001", Limit: 2}, 2},
		{hub.Filter{Place: "620403"}, 0},
		{hub.Filter{Department: "housing"}, 0},
		{hub.Filter{Offset: 2}, 1},
	} {
		list, err := db.Cases(ctx, f.Filter)
		if err != nil || len(list) != f.want {
			t.Errorf("Cases(%+v) has %d, %v, want %d", f.Filter, len(list), err, f.want)
		}
		if len(list) > 0 && (list[0].Title != "暖气不热" || !list[0].Due.Equal(monday().Add(time.Hour))) {
			t.Errorf("summary %+v", list[0])
		}
	}
	if n, err := db.CountCases(ctx, hub.Filter{Limit: 1}); n != 3 || err != nil {
		t.Errorf("CountCases = %d, %v", n, err)
	}
	found, err := db.FindReceipts(ctx, []hub.ReceiptID{"rBY0002", "none"})
	if err != nil || !found["rBY0002"] || found["none"] {
		t.Errorf("FindReceipts = %v, %v", found, err)
	}
}

func TestDutiesClimbThePlaces(t *testing.T) {
	t.Parallel()
	db, ctx, now := pgtest.Open(t), t.Context(), monday()
	err := db.SavePlaces(ctx, []hub.Place{
		{Code: "620400", Level: hub.LevelCity, Name: "白银市"},
		{Code: "620402", Parent: "620400", Level: hub.LevelCounty, Name: "白银区"},
	})
	if err != nil {
		t.Fatal(err)
	}
	posts := []postgres.Post{
		{Rung: 1, Place: "620402001003", Post: "village_cadre", Person: "p1", Name: "李四"},
		{Rung: 1, Place: "620402001004", Post: "village_cadre", Person: "p9", Name: "王五"},
		{Rung: 4, Place: "620402", Post: "county_head"},
		{Rung: 7, Place: "620400", Post: "mayor", Person: "p7", Name: "赵六"},
	}
	for range 2 {
		if err := db.SavePosts(ctx, posts, now); err != nil {
			t.Fatal(err)
		}
	}
	want := []hub.Duty{
		{Rung: 1, Place: "620402001003", Post: "village_cadre", Person: "p1", Name: "李四"},
		{Rung: 4, Place: "620402", Post: "county_head"},
		{Rung: 7, Place: "620400", Post: "mayor", Person: "p7", Name: "赵六"},
	}
	got, err := db.Duties(ctx, "620402001003-05", now)
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("Duties: %v %s", err, cmp.Diff(want, got))
	}
	later := now.Add(time.Hour)
	posts[0].Person, posts[0].Name = "p2", "钱七"
	if err := db.SavePosts(ctx, posts, later); err != nil {
		t.Fatal(err)
	}
	for at, person := range map[time.Time]hub.PersonID{now: "p1", later: "p2"} {
		got, err := db.Duties(ctx, "620402001003", at)
		if err != nil || len(got) != 3 || got[0].Person != person {
			t.Errorf("Duties at %v = %+v, %v, want %s", at, got, err, person)
		}
	}
}

func TestSmallThings(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	key, err := db.NumberingKey(ctx)
	again, _ := db.NumberingKey(ctx)
	if err != nil || len(key) != 32 || string(key) != string(again) {
		t.Errorf("NumberingKey = %x, %v", key, err)
	}
	if err := db.Migrate(ctx); err != nil {
		t.Errorf("Migrate again: %v", err)
	}
	if err := db.SaveAttachment(ctx, hub.Attachment{SHA256: "ab", MediaType: "image/png"}, []byte{0}); err != nil {
		t.Fatal(err)
	}
	if media, b, err := db.Attachment(ctx, "ab"); media != "image/png" || len(b) != 1 || err != nil {
		t.Errorf("Attachment = %s, %v, %v", media, b, err)
	}
	if _, _, err := db.Attachment(ctx, "none"); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("missing attachment: %v", err)
	}
	if err := db.SaveAudit(ctx, monday(), hub.System(), "login", "x", nil); err != nil {
		t.Error(err)
	}
}

func TestPoisonIsInvalid(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	o := opening(1)
	o.Submission.Text = "a\x00b"
	if _, err := db.InsertCases(t.Context(), []hub.Opening{o}); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("NUL in a text: %v", err)
	}
}
