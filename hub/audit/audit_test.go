package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
)

func noon() time.Time { return time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC) }

func TestNewSaysWhoAndFromWhere(t *testing.T) {
	e := audit.New(t.Context(), noon(), audit.Exported, "BY1", nil)
	if e.Actor != hub.System() || e.Shard != audit.ShardOf("BY1") {
		t.Errorf("%+v", e)
	}
	li := hub.Actor{Kind: hub.ActorPerson, ID: "li"}
	ctx := audit.From(t.Context(), audit.Source{Actor: li, Session: "session", Remote: "10.0.0.1"})
	e = audit.New(ctx, noon(), audit.Exported, "BY1", map[string]string{"n": "3"})
	if e.Actor != li || e.Data["remote"] != "10.0.0.1" || e.Data["n"] != "3" {
		t.Errorf("%+v", e)
	}
	if _, known := audit.SourceOf(t.Context()); known {
		t.Error("nobody is at work")
	}
}

// chain makes n records of one object.
func chain(t *testing.T, n int) []audit.Entry {
	t.Helper()
	var out []audit.Entry
	var prev []byte
	for i := range n {
		e := audit.New(t.Context(), noon(), "x", "BY1", nil)
		e.ID, e.Seq = int64(i+1), int64(i+1)
		digest, err := e.Digest()
		if err != nil {
			t.Fatal(err)
		}
		e.Hash = audit.Link(prev, e.Seq, digest)
		prev = e.Hash
		out = append(out, e)
	}
	return out
}

func TestVerifierFollowsAChain(t *testing.T) {
	var v audit.Verifier
	for _, e := range chain(t, 3) {
		if fault := v.Next(e); fault != nil {
			t.Fatalf("%+v", fault)
		}
	}
	list := chain(t, 3)
	list[1].Action = "y"
	v = audit.Verifier{}
	if v.Next(list[0]) != nil || v.Next(list[1]).Reason != "changed" {
		t.Error("a changed record passes")
	}
	v = audit.Verifier{}
	if fault := v.Next(audit.Entry{Shard: audit.Shards}); fault.Reason != "order" {
		t.Errorf("%+v", fault)
	}
}

func TestNotaryMarksWhatIsNew(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a", "key")
	key, err := audit.LoadKey(name)
	if err != nil {
		t.Fatal(err)
	}
	again, err := audit.LoadKey(name)
	if err != nil || !bytes.Equal(key, again) {
		t.Fatal("the key changed", err)
	}
	text, err := os.ReadFile(name + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	public, err := audit.ParseKey(string(text))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "b", "checkpoints.jsonl")
	heads, fail := []audit.Head{{Shard: 1, Seq: 4, Hash: "ab"}}, errors.New("the other machine is away")
	n := audit.Notary{
		Key: key, Clock: hub.ClockFunc(noon), Log: slog.New(slog.DiscardHandler),
		Heads: func(context.Context) ([]audit.Head, error) { return heads, nil },
		Keep:  []func(audit.Checkpoint) error{func(audit.Checkpoint) error { return fail }, audit.ToFile(file)},
	}
	if err := n.Mark(t.Context()); !errors.Is(err, fail) {
		t.Errorf("a keeper that fails is not told: %v", err)
	}
	fail = nil
	for range 3 { // once more for the keeper that failed, then nothing new
		if err := n.Mark(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	heads = []audit.Head{{Shard: 1, Seq: 5, Hash: "cd"}}
	if err := n.Mark(t.Context()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	marks, err := audit.ParseCheckpoints(data)
	if err != nil || len(marks) != 3 || marks[2].Records != 5 || marks[2].KeyID != audit.KeyID(public) {
		t.Fatalf("%+v, %v", marks, err)
	}
	for _, m := range marks {
		if err := m.Check(public); err != nil {
			t.Error(err)
		}
	}
	other, _, _ := ed25519.GenerateKey(nil)
	if marks[0].Check(other) == nil {
		t.Error("another key fits")
	}
	if _, err := audit.ParseCheckpoints([]byte("{}\n{")); hub.CodeOf(err) != hub.CodeInvalid {
		t.Error(err)
	}
}

func TestBadKeysAreRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.LoadKey(name); hub.CodeOf(err) != hub.CodeInvalid {
		t.Error(err)
	}
	if _, err := audit.ParseKey("x"); hub.CodeOf(err) != hub.CodeInvalid {
		t.Error(err)
	}
}
