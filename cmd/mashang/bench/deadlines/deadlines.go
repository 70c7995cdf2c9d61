// Package deadlines measures how fast the hub fires clocks (时限) that fall
// due, with the store of the running hub on a PostgreSQL of its own.
//
// It fills the tables with open cases, fires their clocks and counts what the
// server has afterwards: nothing may fire twice and nothing be missed, however
// many nodes fire at once. It does not measure how long the hub waits before
// it looks. Start with Run.
package deadlines

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
)

// Result is what Run measured.
type Result struct {
	Claim10k  float64 `json:"claim100_p99_ms_at_10k"`
	Claim1m   float64 `json:"claim100_p99_ms_at_1m"`
	FiredPerS float64 `json:"fired_per_s"`
	Held      float64 `json:"held_snapshot_ratio"`
	Twice     int     `json:"fired_twice"`
	Missed    int     `json:"missed"`

	// Climbed is how many clocks a second fire with all that hub.Decide makes
	// of them: case, events, next rung, messages. It is shown, not compared.
	Climbed float64 `json:"-"`
}

// Config says how much and on what.
type Config struct {
	Rows     int    // open clocks of the large run
	Claimers int    // nodes that fire at once
	Postgres string // empty runs a local server
	Progress func(format string, args ...any)

	rounds int // of claims
}

const (
	small = 10_000 // open clocks of the small run
	claim = 100    // clocks of one measured claim
	each  = 20     // claims of a round, after which the table is filled up again
	held  = 100_000
	// climbs is how many clocks fire with all their effects.
	climbs = 60_000
)

// Run measures claims among few and among many open clocks, the same beside a
// forgotten snapshot, and everything due at once.
func Run(ctx context.Context, cfg Config) (res Result, err error) {
	if cfg.rounds == 0 {
		cfg.rounds = 25
	}
	r, err := setUp(ctx, cfg)
	if err != nil {
		return res, err
	}
	defer r.close()
	if res.Claim10k, err = r.claims(ctx, min(small, cfg.Rows)); err != nil {
		return res, err
	}
	if res.Claim1m, err = r.claims(ctx, cfg.Rows); err != nil {
		return res, err
	}
	if res.Held, err = r.snapshot(ctx); err != nil {
		return res, err
	}
	if err = r.all(ctx, &res); err != nil {
		return res, err
	}
	res.Climbed, err = r.climb(ctx)
	return res, err
}

// claims returns the 99th percentile of firing 100 of rows open clocks.
func (r *rig) claims(ctx context.Context, rows int) (float64, error) {
	var took []time.Duration
	for range r.cfg.rounds {
		if err := r.fill(ctx, rows-r.open); err != nil {
			return 0, err
		}
		for range each {
			if r.open < claim {
				break
			}
			d, err := r.claim(ctx)
			if err != nil {
				return 0, err
			}
			took = append(took, d)
		}
	}
	slices.Sort(took)
	p50, p99 := ms(took[len(took)/2]), ms(took[len(took)*99/100])
	r.cfg.Progress("领取 100 条（在办时限 %d 条，%d 次）：p50 %.2f ms，p99 %.2f ms", rows, len(took), p50, p99)
	return p99, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// claim fires the next 100 clocks, at the moment when the last of them is due.
func (r *rig) claim(ctx context.Context) (time.Duration, error) {
	now := r.dueAt(r.next + claim - 1)
	start := time.Now()
	n, last, err := r.cases.FireDue(ctx, now, r.low, claim, message)
	took := time.Since(start)
	if err == nil && n != claim {
		err = fmt.Errorf("a claim of %d clocks fired %d", claim, n)
	}
	if err != nil {
		return 0, err
	}
	r.low = last
	r.next += n
	r.open -= n
	return took, nil
}

// snapshot returns how much slower firing is beside a forgotten snapshot.
func (r *rig) snapshot(ctx context.Context) (float64, error) {
	n := min(held, r.cfg.Rows/4)
	free, err := r.fireSome(ctx, n)
	if err != nil {
		return 0, err
	}
	tx, err := r.hold(ctx)
	if err != nil {
		return 0, err
	}
	beside, err := r.fireSome(ctx, n)
	if err != nil {
		return 0, err
	}
	if err := tx.Rollback(ctx); err != nil {
		return 0, fmt.Errorf("let the snapshot go: %w", err)
	}
	r.cfg.Progress("遗忘的快照：无 %.0f 条/秒，有 %.0f 条/秒", float64(n)/free.Seconds(), float64(n)/beside.Seconds())
	return beside.Seconds() / free.Seconds(), nil
}

func (r *rig) fireSome(ctx context.Context, n int) (time.Duration, error) {
	if err := r.fill(ctx, n-r.open); err != nil {
		return 0, err
	}
	start := time.Now()
	for range n / claim {
		if _, err := r.claim(ctx); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// all fires everything at once from several nodes and counts what came of it.
func (r *rig) all(ctx context.Context, res *Result) error {
	if err := r.fill(ctx, r.cfg.Rows-r.open); err != nil {
		return err
	}
	took, fired, err := r.drain(ctx, func(int) cases.DecideFunc { return message })
	if err != nil {
		return err
	}
	res.FiredPerS = float64(fired) / took.Seconds()
	res.Twice, res.Missed, err = r.account(ctx)
	r.cfg.Progress("全部到期：%d 个节点 %.1f 秒触发 %d 条，%.0f 条/秒", r.cfg.Claimers, took.Seconds(), fired, res.FiredPerS)
	return err
}

// message lets a clock do the least that it can do: leave a message.
func message(c hub.Case, kind hub.DeadlineKind, epoch int) (hub.Case, []hub.Event, []hub.Outgoing, error) {
	id := fmt.Sprintf("%s.%s.%d", c.ID, kind, epoch)
	return c, nil, []hub.Outgoing{{Topic: "mashang.bench", Key: string(c.ID), ID: id, Payload: []byte(id)}}, nil
}
