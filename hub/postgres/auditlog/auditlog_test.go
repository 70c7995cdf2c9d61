package auditlog_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/audit"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/auditlog"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func monday() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// write makes n records of k objects from 8 writers at once.
func write(t *testing.T, db *postgres.DB, n, k int) {
	t.Helper()
	g, ctx := errgroup.WithContext(t.Context())
	g.SetLimit(8)
	for i := range n {
		g.Go(func() error {
			ctx := audit.From(ctx, audit.Source{Actor: hub.Actor{Kind: hub.ActorPerson, ID: "li"}, Remote: "10.0.0.1"})
			e := audit.New(ctx, monday(), "case.assigned", fmt.Sprintf("BY%d", i%k), map[string]string{"n": fmt.Sprint(i)})
			return db.Tx(ctx, func(tx pgx.Tx) error { return auditlog.Append(ctx, tx, e) })
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, db *postgres.DB, marks ...audit.Checkpoint) (*audit.Fault, int64) {
	t.Helper()
	var v audit.Verifier
	for _, c := range marks {
		v.Expect(c)
	}
	fault, err := auditlog.Verify(t.Context(), db.Pool(), &v)
	if err != nil {
		t.Fatal(err)
	}
	return fault, v.Records
}

func execute(t *testing.T, db *postgres.DB, sql string) {
	t.Helper()
	if tag, err := db.Pool().Exec(t.Context(), sql); err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%s: %s, %v", sql, tag, err)
	}
}

func TestManyWritersMakeOneChain(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	write(t, db, 400, 1)
	if fault, n := verify(t, db); fault != nil || n != 400 {
		t.Fatalf("%d records, fault %+v", n, fault)
	}
	got, err := auditlog.List(t.Context(), db.Pool(), auditlog.Filter{Object: "BY0", Actor: "li", Limit: 2})
	if err != nil || len(got) != 2 || got[0].Data["remote"] != "10.0.0.1" || got[0].Seq < got[1].Seq {
		t.Errorf("list %+v, %v", got, err)
	}
}

func TestVerifyNamesTheFirstBadRecord(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct {
		sql    string
		seq    int64
		reason string
	}{
		"changed":      {`update audit set data = data || '{"n": "x"}' where seq = 7`, 7, "changed"},
		"by whom":      {`update audit set actor = '{"kind":"person","id":"wang"}' where seq = 7`, 7, "changed"},
		"when":         {`update audit set at = at + interval '1 us' where seq = 7`, 7, "changed"},
		"removed":      {`delete from audit where seq = 7`, 7, "missing"},
		"end removed":  {`delete from audit where seq = 20`, 20, "missing"},
		"all removed":  {`delete from audit where seq is not null`, 1, "missing"},
		"swapped":      {`update audit a set data = b.data from audit b where a.seq in (7, 9) and b.seq = 16 - a.seq and a.shard = b.shard`, 7, "changed"},
		"head changed": {`update audit_head set hash = sha256('x') where seq = 20`, 20, "order"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.Open(t)
			write(t, db, 20, 1)
			execute(t, db, v.sql)
			fault, _ := verify(t, db)
			if fault == nil || fault.Seq != v.seq || fault.Reason != v.reason {
				t.Errorf("fault %+v, want %s at %d", fault, v.reason, v.seq)
			}
		})
	}
}

// TestCheckpointFindsTheCutTail: without it, records that are cut off together
// with their head leave nothing that does not fit.
func TestCheckpointFindsTheCutTail(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	write(t, db, 20, 1)
	heads, err := auditlog.Heads(t.Context(), db.Pool())
	if err != nil {
		t.Fatal(err)
	}
	public, key, _ := ed25519.GenerateKey(nil)
	mark := audit.Sign(key, monday(), heads)
	if err := mark.Check(public); err != nil {
		t.Fatal(err)
	}
	if fault, _ := verify(t, db, mark); fault != nil {
		t.Fatalf("before: %+v", fault)
	}
	execute(t, db, `delete from audit where seq > 15`)
	execute(t, db, `update audit_head h set seq = 15, hash = a.hash from audit a where a.seq = 15 and a.shard = h.shard`)
	if fault, _ := verify(t, db); fault != nil {
		t.Fatalf("without a checkpoint the cut shows nothing, got %+v", fault)
	}
	if fault, _ := verify(t, db, mark); fault == nil || fault.Reason != "tail_cut" || fault.Seq != 16 {
		t.Fatalf("with the checkpoint: %+v", fault)
	}
	write(t, db, 10, 1) // it grows again over the cut
	if fault, _ := verify(t, db, mark); fault == nil || fault.Reason != "rewritten" || fault.Seq != 20 {
		t.Fatalf("grown over: %+v", fault)
	}
	mark.Heads[0].Seq++
	if mark.Check(public) == nil {
		t.Error("a changed checkpoint passes")
	}
}

// TestEachChainIsFollowedByItself: what is wrong in one chain is found there and
// nowhere else, and all chains together have all records.
func TestEachChainIsFollowedByItself(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	write(t, db, 100, 40)
	execute(t, db, `update audit set action = 'x' where id = (select max(id) from audit)`)
	var records int64
	bad := 0
	for shard := range audit.Shards {
		var v audit.Verifier
		v.Only(shard)
		fault, err := auditlog.Verify(t.Context(), db.Pool(), &v)
		if err != nil {
			t.Fatal(err)
		}
		if fault != nil {
			bad++
		}
		records += v.Records
	}
	if bad != 1 || records != 100 {
		t.Errorf("%d chains are bad, %d records", bad, records)
	}
}

// TestAChainWithoutItsHeadIsFoundAndTakesNothing: a head that was taken away
// must not let changes pass unrecorded.
func TestAChainWithoutItsHeadIsFoundAndTakesNothing(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	write(t, db, 5, 1)
	execute(t, db, `delete from audit_head where seq = 5`)
	if fault, _ := verify(t, db); fault == nil || fault.Reason != "order" || fault.Seq != 5 {
		t.Errorf("fault %+v", fault)
	}
	e := audit.New(ctx, monday(), "x", "BY0", nil)
	if err := db.Tx(ctx, func(tx pgx.Tx) error { return auditlog.Append(ctx, tx, e) }); err == nil {
		t.Error("a change passes unrecorded")
	}
	var rows auditlog.Rows
	for n := range 2 { // one record and several
		if err := rows.Add(e); err != nil {
			t.Fatal(err)
		}
		var b pgx.Batch
		rows.Queue(&b)
		if err := db.Tx(ctx, func(tx pgx.Tx) error { return tx.SendBatch(ctx, &b).Close() }); err == nil {
			t.Errorf("a batch of %d passes unrecorded", n+1)
		}
	}
}

// TestCheckpointsOfAllNodesAreTrusted: each node signs with a key of its own; a
// key that none registered is a finding, and a new key is recorded.
func TestCheckpointsOfAllNodesAreTrusted(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	store := auditlog.New(db)
	var marks []audit.Checkpoint
	for range 3 {
		public, key, _ := ed25519.GenerateKey(nil)
		if len(marks) < 2 {
			for range 2 { // each node at each start
				if err := store.AddSigner(ctx, public, monday()); err != nil {
					t.Fatal(err)
				}
			}
		}
		marks = append(marks, audit.Sign(key, monday(), nil))
	}
	keys, err := store.Signers(ctx)
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	if good, bad := audit.Trust(marks[:2], keys); len(good) != 2 || bad != nil {
		t.Errorf("two nodes: %d, %+v", len(good), bad)
	}
	if good, bad := audit.Trust(marks, keys); len(good) != 2 || bad == nil || bad.Reason != audit.MarkUnknown || bad.KeyID != marks[2].KeyID {
		t.Errorf("a stranger: %d, %+v", len(good), bad)
	}
	marks[0].At = marks[0].At.Add(time.Second)
	if _, bad := audit.Trust(marks, keys); bad == nil || bad.Reason != audit.MarkForged {
		t.Errorf("changed: %+v", bad)
	}
	if fault, n := verify(t, db); fault != nil || n != 2 {
		t.Errorf("%d keys are recorded, %+v", n, fault)
	}
}

func TestWhatRollsBackLeavesNoRecord(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.Open(t), t.Context()
	err := db.Tx(ctx, func(tx pgx.Tx) error {
		if err := auditlog.Append(ctx, tx, audit.New(ctx, monday(), "x", "y", nil)); err != nil {
			return err
		}
		return context.Canceled
	})
	if err == nil {
		t.Fatal("no error")
	}
	if fault, n := verify(t, db); fault != nil || n != 0 {
		t.Errorf("%d records, %+v", n, fault)
	}
}
