package deadlines

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/deadline"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/local"
)

// A rig is a database of its own with open cases. Case i has one clock, due i
// milliseconds after the beginning.
type rig struct {
	cfg   Config
	run   string
	begin time.Time
	dsn   string
	log   *slog.Logger
	db    *postgres.DB
	cases *cases.Store
	admin *pgx.Conn
	facts hub.Facts
	undo  []func()

	made, next, open int
	low              time.Time
}

func setUp(ctx context.Context, cfg Config) (_ *rig, err error) {
	r := &rig{
		cfg: cfg, run: strconv.FormatInt(time.Now().UnixNano(), 36), dsn: cfg.Postgres,
		begin: time.Now().UTC().Truncate(time.Hour).AddDate(0, 0, -30), log: slog.New(slog.DiscardHandler),
	}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	r.facts = ladder()
	if r.dsn == "" {
		if err := r.server(ctx); err != nil {
			return nil, err
		}
	}
	if r.db, err = postgres.Open(ctx, r.dsn, r.log); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	r.cases = cases.New(r.db)
	r.undo = append(r.undo, r.db.Close)
	if err := r.db.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("make the tables: %w", err)
	}
	if r.admin, err = pgx.Connect(ctx, r.dsn); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	r.undo = append(r.undo, func() { _ = r.admin.Close(context.WithoutCancel(ctx)) })
	return r, nil
}

// server starts a PostgreSQL in a folder of its own.
func (r *rig) server(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "mashang-bench")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	r.undo = append(r.undo, func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // the server may run as another user
		return fmt.Errorf("open the folder: %w", err)
	}
	s, err := local.Start(ctx, filepath.Join(dir, "postgres"), r.log)
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	r.undo = append(r.undo, func() { _ = s.Stop(context.WithoutCancel(ctx)) })
	r.dsn = s.DSN()
	return nil
}

func (r *rig) close() {
	for _, undo := range slices.Backward(r.undo) {
		undo()
	}
}

// ladder has the seven rungs, each held by somebody.
func ladder() hub.Facts {
	f := hub.Facts{Calendar: calendar.New()}
	for rung := hub.Rung(1); rung <= 7; rung++ {
		f.Ladder = append(f.Ladder, hub.Step{Rung: rung, Post: "post", Wait: hub.Budget{N: 2, Unit: hub.Hour}})
		f.Duties = append(f.Duties, hub.Duty{Rung: rung, Post: "post", Person: "p", Name: "张三"})
	}
	return f
}

// dueAt is when the clock of case i is due.
func (r *rig) dueAt(i int) time.Time { return r.begin.Add(time.Duration(i) * time.Millisecond) }

// opening is case i: assigned, with its time to close.
func (r *rig) opening(i int) (hub.Opening, error) {
	due := r.dueAt(i)
	n := r.run + "-" + strconv.Itoa(i)
	s := hub.Submission{
		Content: hub.Content{Title: "暖气不热", Text: "三天了，请处理", Reporter: hub.Reporter{Name: "张三", Phone: "19900000000"}},
		Receipt: hub.ReceiptID("r_" + n), Case: hub.CaseID("BE" + n), Channel: "bench", ExternalID: n,
		Place: "620402001001", SubmittedAt: due.Add(-24 * time.Hour), ReceivedAt: due.Add(-24 * time.Hour),
	}
	cmd := hub.Receive{Submission: s, Decision: hub.Decision{
		Lead: "heating", Clocks: []hub.Allowance{{Kind: hub.ClockClose, Budget: hub.Budget{N: 24, Unit: hub.Hour}}},
	}}
	events, err := hub.Decide(hub.Case{}, cmd, r.facts, s.ReceivedAt)
	var c hub.Case
	for _, e := range events {
		c = hub.Apply(c, e)
	}
	return hub.Opening{Submission: s, Case: c, Events: events}, err
}

const load = 5000

// fill adds n cases and lets the server settle.
func (r *rig) fill(ctx context.Context, n int) error {
	if n <= 0 {
		return nil
	}
	if n > small {
		r.cfg.Progress("放入 %d 件在办事项", n)
	}
	starts := make(chan int, n/load+1)
	for i := 0; i < n; i += load {
		starts <- i
	}
	close(starts)
	errs := make([]error, 2)
	var group sync.WaitGroup
	for w := range errs {
		group.Go(func() {
			for i := range starts {
				if err := r.fillSome(ctx, r.made+i, min(load, n-i)); err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	group.Wait()
	r.made, r.open = r.made+n, r.open+n
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if n >= small {
		return r.settle(ctx)
	}
	return nil
}

// settle is what autovacuum and the checkpointer would do within minutes.
func (r *rig) settle(ctx context.Context) error {
	for _, sql := range []string{"vacuum analyze deadline", "vacuum analyze cases", "checkpoint"} {
		if _, err := r.admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

func (r *rig) fillSome(ctx context.Context, from, n int) error {
	openings := make([]hub.Opening, n)
	for i := range openings {
		var err error
		if openings[i], err = r.opening(from + i); err != nil {
			return fmt.Errorf("make case %d: %w", from+i, err)
		}
	}
	return r.cases.Preload(ctx, openings)
}

// hold opens a snapshot that keeps all that is deleted from now on.
func (r *rig) hold(ctx context.Context) (pgx.Tx, error) {
	tx, err := r.admin.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		return nil, fmt.Errorf("open a snapshot: %w", err)
	}
	var n int
	if err := tx.QueryRow(ctx, "select count(*) from place").Scan(&n); err != nil {
		return nil, fmt.Errorf("open a snapshot: %w", err)
	}
	return tx, nil
}

// drain fires all that is due from several nodes, each with connections and a
// low-water mark of its own.
func (r *rig) drain(ctx context.Context, decide func(node int) cases.DecideFunc) (time.Duration, int, error) {
	now := r.dueAt(r.made)
	counts, errs := make([]int, r.cfg.Claimers), make([]error, r.cfg.Claimers)
	var group sync.WaitGroup
	start := time.Now()
	for node := range counts {
		group.Go(func() { counts[node], errs[node] = r.node(ctx, now, decide(node)) })
	}
	group.Wait()
	took, fired := time.Since(start), 0
	for _, n := range counts {
		fired += n
	}
	r.next, r.open, r.low = r.made, 0, time.Time{}
	return took, fired, errors.Join(errs...)
}

func (r *rig) node(ctx context.Context, now time.Time, decide cases.DecideFunc) (int, error) {
	db, err := postgres.Open(ctx, r.dsn, r.log)
	if err != nil {
		return 0, fmt.Errorf("open the database: %w", err)
	}
	defer db.Close()
	store := cases.New(db)
	fired, low := 0, time.Time{}
	for {
		n, last, err := store.FireDue(ctx, now, low, deadline.Batch, decide)
		if err != nil {
			return fired, err
		}
		if n == 0 && low.IsZero() {
			return fired, nil
		}
		if fired += n; n > 0 {
			low = last
		} else {
			low = time.Time{} // a full sweep: another node may have let go of some
		}
	}
}

// account compares the clocks that were set with the messages and with what
// still waits.
func (r *rig) account(ctx context.Context) (twice, missed int, err error) {
	seen := make(map[string]bool, r.made)
	for {
		n, err := r.db.RelayOutbox(ctx, 10*deadline.Batch, func(out []hub.Outgoing) error {
			for _, o := range out {
				if seen[o.ID] {
					twice++
				}
				seen[o.ID] = true
			}
			return nil
		})
		if err != nil {
			return 0, 0, fmt.Errorf("read what fired: %w", err)
		}
		if n == 0 {
			break
		}
	}
	var left int
	if err := r.admin.QueryRow(ctx, "select count(*) from deadline").Scan(&left); err != nil {
		return 0, 0, fmt.Errorf("count what has not fired: %w", err)
	}
	return twice, max(r.made-len(seen), left), nil
}

// climb fires clocks with everything that hub.Decide makes of them.
func (r *rig) climb(ctx context.Context) (float64, error) {
	if err := r.fill(ctx, min(climbs, r.cfg.Rows)); err != nil {
		return 0, err
	}
	now := r.dueAt(r.made)
	decide := func(c hub.Case, kind hub.DeadlineKind, epoch int) (hub.Case, []hub.Event, []hub.Outgoing, error) {
		events, err := hub.Decide(c, hub.Fire{Clock: kind, Epoch: epoch}, r.facts, now)
		if err != nil {
			return c, nil, nil, err
		}
		for _, e := range events {
			c = hub.Apply(c, e)
		}
		out, err := desk.Outgoing(c, hub.Content{}, events)
		return c, events, out, err
	}
	took, fired, err := r.drain(ctx, func(int) cases.DecideFunc { return decide })
	if err != nil {
		return 0, err
	}
	r.cfg.Progress("全部到期并升级（事项、事件、下一级、消息）：%.0f 条/秒", float64(fired)/took.Seconds())
	return float64(fired) / took.Seconds(), nil
}
