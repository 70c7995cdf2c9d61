package channel_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/seal"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func noon() time.Time { return time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC) }

// operator is who does things in these stories.
func operator(t *testing.T) context.Context {
	return audit.From(t.Context(), audit.Source{Actor: hub.Actor{ID: "wang", Name: "王工"}, Remote: "10.1.2.3"})
}

func open(t *testing.T, db *postgres.DB, keys string) *channel.Store {
	t.Helper()
	ring, err := seal.Parse(keys)
	if err != nil {
		t.Fatal(err)
	}
	return channel.New(db, hub.ClockFunc(noon), ring)
}

// done lists what the audit says of an object, oldest first.
func done(t *testing.T, db *postgres.DB, object string) []string {
	t.Helper()
	list, err := auditlog.New(db).Audit(t.Context(), auditlog.Filter{Object: object})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range slices.Backward(list) {
		if e.Actor.ID != "wang" || e.Data["remote"] != "10.1.2.3" {
			t.Errorf("%s by %+v", e.Action, e)
		}
		out = append(out, e.Action)
	}
	return out
}

const canary = "王秀兰 13912345678"

// What lies in the table names nobody; who may, reads the bytes as they came,
// and each look, repair and replay is on record.
func TestLettersAreSealedAndRecorded(t *testing.T) {
	db := pgtest.Open(t)
	s, ctx := open(t, db, seal.NewLine("k1")), operator(t)
	raw := []byte(canary + "\x00\xff")
	l := channel.Letter{Stage: "channel", Channel: "hotline", Key: "G1", Reason: "bad", MediaType: "text/plain", Payload: raw}
	for range 2 {
		if err := s.KeepLetter(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	stored := func() (payload []byte) {
		if err := db.Pool().QueryRow(t.Context(), "select payload from dead_letter").Scan(&payload); err != nil {
			t.Fatal(err)
		}
		return payload
	}
	if bytes.Contains(stored(), []byte("13912345678")) || bytes.Contains(stored(), []byte("王")) {
		t.Error("the stored bytes name the citizen")
	}
	list, total, err := s.Letters(t.Context(), channel.LetterFilter{Channel: "hotline"})
	if err != nil || total != 1 || list[0].Seen != 2 || !bytes.Equal(list[0].Payload, raw) {
		t.Fatalf("%+v, %d, %v", list, total, err)
	}
	id := list[0].ID
	if got, err := s.ShowLetter(ctx, id); err != nil || !bytes.Equal(got.Payload, raw) {
		t.Errorf("shown %q, %v", got.Payload, err)
	}
	if err := s.RepairLetter(ctx, id, []byte("repaired "+canary), "text/plain"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Letter(t.Context(), id)
	if err != nil || string(got.Payload) != "repaired "+canary || bytes.Contains(stored(), []byte("13912345678")) {
		t.Errorf("repaired %q, %v", got.Payload, err)
	}
	if err := s.DropLetter(ctx, got, []hub.CaseID{"BY1", "BY2"}); err != nil {
		t.Fatal(err)
	}
	want := []string{channel.LetterShown, channel.LetterRepaired, channel.LetterReplayed}
	if got := done(t, db, "letter/1"); !slices.Equal(got, want) {
		t.Errorf("recorded %q, want %q", got, want)
	}
	if _, err := s.ShowLetter(ctx, id); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("a letter that is gone: %v", err)
	}
}

// Letters from before there was sealing, and those of an old key, are sealed
// anew and stay readable.
func TestLettersAreSealedAnew(t *testing.T) {
	db := pgtest.Open(t)
	one, two := seal.NewLine("k1"), seal.NewLine("k2")
	_, err := db.Pool().Exec(t.Context(), `insert into dead_letter (at, stage, key, reason, payload) values ($1, 'mashang.submissions', 'k', 'r', $2)`, noon(), []byte(canary))
	if err != nil {
		t.Fatal(err)
	}
	old := open(t, db, one)
	if err := old.KeepLetter(t.Context(), channel.Letter{Stage: "channel", Channel: "a", Payload: []byte("second")}); err != nil {
		t.Fatal(err)
	}
	both := open(t, db, two+one)
	total, last := 0, int64(0)
	for {
		next, n, err := both.Reseal(t.Context(), last, 1)
		if err != nil {
			t.Fatal(err)
		}
		if total += n; next == 0 {
			break
		}
		last = next
	}
	if total != 2 {
		t.Errorf("sealed %d anew", total)
	}
	list, _, err := open(t, db, two).Letters(t.Context(), channel.LetterFilter{Limit: 9})
	if err != nil || len(list) != 2 || string(list[1].Payload) != canary || string(list[0].Payload) != "second" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, n, err := both.Reseal(t.Context(), 0, 9); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}

// A key's life is on record: made, taken back, made, promoted. What fails is
// not.
func TestRotationIsRecorded(t *testing.T) {
	db := pgtest.Open(t)
	s, ctx := open(t, db, seal.NewLine("k1")), operator(t)
	k := channel.Key{Channel: "hotline", Secret: "sha256:00", Hint: "••••abcd"}
	if err := s.Promote(ctx, "hotline"); hub.CodeOf(err) != hub.CodeConflict {
		t.Fatalf("nothing to promote: %v", err)
	}
	for _, step := range []func() error{
		func() error { return s.AddKey(ctx, k) }, func() error { return s.Revoke(ctx, "hotline") },
		func() error { return s.AddKey(ctx, k) }, func() error { return s.Promote(ctx, "hotline") },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{channel.KeyAdded, channel.KeyRevoked, channel.KeyAdded, channel.KeyPromoted}
	if got := done(t, db, "channel/hotline"); !slices.Equal(got, want) {
		t.Errorf("recorded %q, want %q", got, want)
	}
	keys, err := s.Keys(t.Context(), "hotline")
	if err != nil || len(keys) != 1 || keys[0].State != channel.Current {
		t.Errorf("%+v, %v", keys, err)
	}
}

func TestCursorsStayWhereTheyWerePut(t *testing.T) {
	s := open(t, pgtest.Open(t), seal.NewLine("k1"))
	for _, want := range []string{"", "5", "9"} {
		if want != "" {
			if err := s.SaveCursor(t.Context(), "a", want); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.LoadCursor(t.Context(), "a"); got != want || err != nil {
			t.Errorf("cursor %q, %v, want %q", got, err, want)
		}
	}
}
