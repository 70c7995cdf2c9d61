package release

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/mashang-hub/mashang/hub"
)

// An Engine understands rule sets. Its methods are safe for concurrent use.
type Engine interface {
	// Open checks a source and makes it ready to judge.
	Open(source []byte) (Rules, error)
	// Test runs the examples that come with a source.
	Test(ctx context.Context, source []byte) Gate
	// Compare says what changes over the stored history since then.
	Compare(ctx context.Context, before, after Rules, since time.Time) (Report, error)
	// Simulate says what rules do with the stored history since then.
	Simulate(ctx context.Context, rules Rules, since time.Time) (Report, error)
	// Explain says why rules decide so, for machines and in words.
	Explain(rules Rules, s *hub.Submission) any
}

// A Report is a result for machines with a sentence for people.
type Report struct {
	Summary string
	Data    any
}

// warm is how many rule sets stay loaded, for a rollback without delay.
const warm = 8

// lookBack is how much history a release is compared over.
const lookBack = 30 * 24 * time.Hour

// A Manager (发布管理) takes rule sets through their states and keeps this
// node's Rollout at the truth of the store. Make one with New.
type Manager struct {
	store   Store
	shadows ShadowStore
	engine  Engine
	clock   hub.Clock
	log     *slog.Logger
	rollout *Rollout
	open    *lru.Cache[hub.RuleSetHash, Rules]
	notify  chan struct{}

	refreshing sync.Mutex // one refresh at a time

	mu       sync.Mutex
	folder   error // why the folder's set is not in use
	refused  error // why a released set is not in use
	failures int64
}

// New returns a Manager; it reads nothing yet.
func New(store Store, shadows ShadowStore, engine Engine, clock hub.Clock, log *slog.Logger) *Manager {
	cache, err := lru.New[hub.RuleSetHash, Rules](warm)
	if err != nil {
		panic(err) // only a size below one, and ours is a constant
	}
	return &Manager{
		store: store, shadows: shadows, engine: engine, clock: clock, log: log,
		rollout: newRollout(clock), open: cache, notify: make(chan struct{}, 1),
	}
}

// Rollout is what judges submissions; it may be asked after the first Refresh
// or Adopt that found an active set.
func (m *Manager) Rollout() *Rollout { return m.rollout }

// Notify says that releases may have changed. It never blocks.
func (m *Manager) Notify() {
	select {
	case m.notify <- struct{}{}:
	default:
	}
}

// longest that a node does not notice a switch when the bus is silent.
const stale = 5 * time.Second

// Run follows the store and stores comparisons until ctx ends.
func (m *Manager) Run(ctx context.Context) error {
	var all sync.WaitGroup
	all.Go(func() { m.rollout.record(ctx, m.shadows, m.reportOnce("store shadow comparisons")) })
	defer all.Wait()
	report := m.reportOnce("read the releases")
	tick := time.NewTicker(stale)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.notify:
		case <-tick.C:
		}
		if err := m.Refresh(ctx); ctx.Err() == nil {
			report(err)
		}
	}
}

// reportOnce logs an error when it changes.
func (m *Manager) reportOnce(what string) func(error) {
	last := ""
	return func(err error) {
		text := fmt.Sprint(err)
		if err != nil && text != last {
			m.log.Error(what, "err", err)
		}
		last = text
	}
}

// Refresh brings the Rollout to what the store says. A set that does not load
// leaves the one in its place; the error says so.
func (m *Manager) Refresh(ctx context.Context) error {
	m.refreshing.Lock()
	defer m.refreshing.Unlock()
	all, err := m.store.Releases(ctx, recent)
	if err != nil {
		return err
	}
	return m.line(ctx, all)
}

// recent is how many releases are looked at for what is in force.
const recent = 500

// line forms the lineup of all.
func (m *Manager) line(ctx context.Context, all []Release) error {
	old := m.rollout.lineup.Load()
	if old == nil {
		old = &lineup{}
	}
	next := *old
	var bad error
	for state, place := range map[State]**version{Active: &next.active, Canary: &next.canary, Shadow: &next.shadow} {
		r, ok := in(all, state)
		if !ok {
			if state != Active {
				*place = nil
			}
			continue
		}
		rules, err := m.load(ctx, r.Hash)
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("release %d (%s): %w", r.ID, Short(r.Hash), err))
			continue
		}
		*place = &version{r, rules}
	}
	m.mu.Lock()
	m.refused = bad
	m.mu.Unlock()
	if next.active != nil {
		m.rollout.lineup.Store(&next)
	}
	return bad
}

func (m *Manager) load(ctx context.Context, hash hub.RuleSetHash) (Rules, error) {
	if r, ok := m.open.Get(hash); ok {
		return r, nil
	}
	source, err := m.store.Source(ctx, hash)
	if err != nil {
		return nil, err
	}
	r, err := m.engine.Open(source)
	if err != nil {
		return nil, err
	}
	m.open.Add(hash, r)
	return r, nil
}

// change makes steps durable and switches this node at once; the others hear
// of it over the bus.
func (m *Manager) change(ctx context.Context, decide func(all []Release) ([]Step, error)) (Release, error) {
	changed, err := m.store.Change(ctx, decide)
	if err != nil || len(changed) == 0 {
		return Release{}, err
	}
	return changed[len(changed)-1], m.Refresh(ctx)
}

// Propose checks, tests and compares a rule set, keeps it with what came of
// that, and files it as a draft. A set that does not check is not kept.
func (m *Manager) Propose(ctx context.Context, source []byte, p Proposal) (Release, []Gate, error) {
	rules, err := m.engine.Open(source)
	if err != nil {
		return Release{}, nil, err
	}
	hash := rules.Hash()
	gates, err := m.judge(ctx, source, rules)
	if err != nil {
		return Release{}, nil, err
	}
	if err := m.store.SaveSource(ctx, hash, source, gates, m.clock.Now()); err != nil {
		return Release{}, nil, err
	}
	m.open.Add(hash, rules)
	r, err := m.change(ctx, func(all []Release) ([]Step, error) { return p.plan(all, hash, m.clock.Now()) })
	return r, gates, err
}

// judge runs the gates.
func (m *Manager) judge(ctx context.Context, source []byte, rules Rules) ([]Gate, error) {
	now := m.clock.Now()
	check := Gate{Gate: GateCheck, OK: true, At: now, Summary: "检查通过"}
	test := m.engine.Test(ctx, source)
	test.Gate, test.At = GateTest, now
	diff, err := m.compare(ctx, rules)
	return []Gate{check, test, diff}, err
}

// compare is the gate of history, against what is active now.
func (m *Manager) compare(ctx context.Context, rules Rules) (Gate, error) {
	g := Gate{Gate: GateDiff, OK: true, At: m.clock.Now(), Summary: "没有启用的版本可对比"}
	l := m.rollout.lineup.Load()
	if l == nil {
		return g, nil
	}
	report, err := m.engine.Compare(ctx, l.active.rules, rules, g.At.Add(-lookBack))
	if err != nil {
		return g, fmt.Errorf("compare with the active set: %w", err)
	}
	g.Base, g.Summary = l.active.Hash, report.Summary
	g.Report, err = encode(report.Data)
	return g, err
}

// Promote takes a release to its next state. Its gates must be passed; a
// comparison with a set that is not active any more is made again. Force says
// why to go on although a test fails; a set that does not load never acts.
func (m *Manager) Promote(ctx context.Context, p Promotion) (Release, []Gate, error) {
	if err := p.validate(); err != nil {
		return Release{}, nil, err
	}
	all, err := m.store.Releases(ctx, recent)
	if err != nil {
		return Release{}, nil, err
	}
	r, err := find(all, p.Hash)
	if err != nil {
		return Release{}, nil, err
	}
	rules, err := m.load(ctx, r.Hash)
	if err != nil {
		return Release{}, nil, err
	}
	gates, err := m.passed(ctx, r, rules, p.Force)
	if err != nil {
		return Release{}, gates, err
	}
	p.Hash = r.Hash
	r, err = m.change(ctx, func(all []Release) ([]Step, error) { return p.plan(all, m.clock.Now()) })
	return r, gates, err
}

// passed returns the gates of r, or an error if one is missing or failed.
func (m *Manager) passed(ctx context.Context, r Release, rules Rules, force string) ([]Gate, error) {
	gates, err := m.store.Gates(ctx, r.Hash)
	if err != nil {
		return nil, err
	}
	l := m.rollout.lineup.Load()
	for i, g := range gates {
		if g.Gate != GateDiff || l == nil || g.Base == l.active.Hash {
			continue
		}
		if gates[i], err = m.compare(ctx, rules); err != nil {
			return gates, err
		}
		if err := m.store.SaveSource(ctx, r.Hash, nil, gates[i:i+1], m.clock.Now()); err != nil {
			return gates, err
		}
	}
	for _, name := range Gates() {
		g, ok := gateOf(gates, name)
		if (!ok || !g.OK) && force == "" {
			return gates, hub.Errorf(hub.CodeConflict, "release.gate", string(name), first(g.Summary, "没有运行"))
		}
	}
	return gates, nil
}

func gateOf(gates []Gate, name GateName) (Gate, bool) {
	for _, g := range gates {
		if g.Gate == name {
			return g, true
		}
	}
	return Gate{}, false
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Rollback undoes the newest switch.
func (m *Manager) Rollback(ctx context.Context, b Rollback) (Release, error) {
	return m.change(ctx, func(all []Release) ([]Step, error) { return b.plan(all, m.clock.Now()) })
}
