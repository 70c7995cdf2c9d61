package release

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mashang-hub/mashang/hub"
)

// shelf is a store in memory.
type shelf struct {
	mu      sync.Mutex
	all     book
	entries []Entry
	sources map[hub.RuleSetHash][]byte
	known   map[hub.RuleSetHash][]Gate
	broken  error
	judged  []Judged
	slow    chan struct{} // SaveComparisons waits for it, if set
	saved   []Comparison
}

func newShelf() *shelf {
	return &shelf{sources: map[hub.RuleSetHash][]byte{}, known: map[hub.RuleSetHash][]Gate{}}
}

func (s *shelf) Releases(context.Context, int) ([]Release, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all), s.broken
}

func (s *shelf) Change(_ context.Context, decide func([]Release) ([]Step, error)) ([]Release, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	steps, err := decide(slices.Clone(s.all))
	if err != nil {
		return nil, err
	}
	var changed []Release
	for _, step := range steps {
		if step.Release.ID == 0 {
			step.Release.ID = int64(len(s.all) + 1)
			s.all = append(book{step.Release}, s.all...)
		}
		for i := range s.all {
			if s.all[i].ID == step.Release.ID {
				s.all[i] = step.Release
			}
		}
		step.Entry.Release = step.Release.ID
		s.entries = append(s.entries, step.Entry)
		changed = append(changed, step.Release)
	}
	return changed, nil
}

func (s *shelf) Source(_ context.Context, hash hub.RuleSetHash) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.sources[hash]; ok {
		return b, nil
	}
	return nil, hub.Errorf(hub.CodeNotFound, "release.not_found", hash)
}

func (s *shelf) SaveSource(_ context.Context, hash hub.RuleSetHash, source []byte, gates []Gate, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if source != nil {
		s.sources[hash] = source
	}
	for _, g := range gates {
		s.known[hash] = append(slices.DeleteFunc(s.known[hash], func(o Gate) bool { return o.Gate == g.Gate }), g)
	}
	return nil
}

func (s *shelf) Gates(_ context.Context, hash hub.RuleSetHash) ([]Gate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.known[hash]), nil
}

func (s *shelf) SaveComparisons(ctx context.Context, list []Comparison) error {
	if s.slow != nil {
		select {
		case <-s.slow:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = append(s.saved, list...)
	return nil
}

func (s *shelf) Entries(context.Context, int) ([]Entry, error) { return s.entries, nil }
func (s *shelf) ShadowSummary(_ context.Context, hash hub.RuleSetHash, _ int) (ShadowReport, error) {
	return ShadowReport{Shadow: hash}, nil
}

func (s *shelf) Decided(context.Context, hub.CaseID) (hub.Submission, hub.Decision, error) {
	return hub.Submission{}, hub.Decision{RuleSet: hashOf("urban")}, nil
}

func (s *shelf) Judged(_ context.Context, after time.Time, _ int) ([]Judged, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Judged
	for _, j := range s.judged {
		if j.At.After(after) {
			out = append(out, j)
		}
	}
	return out, nil
}

func hashOf(department string) hub.RuleSetHash {
	return hub.RuleSetHash(fmt.Sprintf("%012x", department))
}

// constant sends every case to one department.
type constant string

func (c constant) Hash() hub.RuleSetHash { return hashOf(string(c)) }
func (c constant) Decide(*hub.Submission) hub.Decision {
	return hub.Decision{Lead: hub.DepartmentCode(c)}
}

// workshop opens sources that name a department; it counts comparisons.
type workshop struct{ compared atomic.Int64 }

func (w *workshop) Open(source []byte) (Rules, error) {
	if strings.HasPrefix(string(source), "bad") {
		return nil, hub.Errorf(hub.CodeInvalid, "rules.invalid", 1)
	}
	return constant(source), nil
}

func (w *workshop) Test(_ context.Context, source []byte) Gate {
	return Gate{OK: string(source) != "untested", Summary: "例"}
}

func (w *workshop) Compare(context.Context, Rules, Rules, time.Time) (Report, error) {
	w.compared.Add(1)
	return Report{Summary: "对比", Data: 1}, nil
}

func (w *workshop) Simulate(context.Context, Rules, time.Time) (Report, error) {
	return Report{Data: 1}, nil
}
func (w *workshop) Explain(r Rules, _ *hub.Submission) any { return r.Hash() }

func desk(t *testing.T) (*Manager, *shelf, *workshop) {
	t.Helper()
	s, w := newShelf(), &workshop{}
	m := New(s, s, w, hub.ClockFunc(func() time.Time { return now }), slog.New(slog.DiscardHandler))
	if err := m.Adopt(t.Context(), Folder{Source: []byte("urban"), Started: true}); err != nil {
		t.Fatal(err)
	}
	return m, s, w
}

func publish(t *testing.T, m *Manager, department string, to State, scope Scope) {
	t.Helper()
	r, _, err := m.Propose(t.Context(), []byte(department), Proposal{Author: "张三", Why: department})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Promote(t.Context(), Promotion{Hash: r.Hash, To: to, By: "李四", Scope: scope}); err != nil {
		t.Fatal(err)
	}
}

// While rules are switched back and forth, every decision is by one set that
// was in force, and carries its hash.
func TestEveryDecisionIsByOneSet(t *testing.T) {
	m, _, _ := desk(t)
	ctx, stop := context.WithCancel(t.Context())
	var judges sync.WaitGroup
	var decided atomic.Int64
	for range 2 {
		judges.Go(func() {
			for ctx.Err() == nil {
				d := m.Rollout().Decide(&hub.Submission{Case: "1"})
				if d.RuleSet != hashOf(string(d.Lead)) {
					t.Errorf("decided by %s, stamped %s", d.Lead, d.RuleSet)
					return
				}
				decided.Add(1)
			}
		})
	}
	for i := range 200 {
		publish(t, m, fmt.Sprint("dept", i), Active, Scope{})
		if i%3 == 0 {
			if _, err := m.Rollback(t.Context(), Rollback{By: "王五", Why: "试"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop()
	judges.Wait()
	t.Logf("%d decisions while 200 sets were published", decided.Load())
}

// A comparison with what is no longer active is made again before a release
// goes on; one that is current is not.
func TestAStaleComparisonIsMadeAgain(t *testing.T) {
	m, s, w := desk(t)
	r, _, err := m.Propose(t.Context(), []byte("heating"), Proposal{Author: "张三", Why: "供暖"})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, m, "water", Active, Scope{})
	before := w.compared.Load()
	if _, gates, err := m.Promote(t.Context(), Promotion{Hash: r.Hash, To: Shadow, By: "李四"}); err != nil || gates[2].Base != hashOf("water") {
		t.Fatalf("%+v %v", gates, err)
	}
	if n := w.compared.Load() - before; n != 1 {
		t.Errorf("compared %d times, want once", n)
	}
	if _, _, err := m.Promote(t.Context(), Promotion{Hash: r.Hash, To: Active, By: "李四"}); err != nil {
		t.Fatal(err)
	}
	if n := w.compared.Load() - before; n != 1 {
		t.Errorf("compared %d times in all, want once", n)
	}
	if g := s.known[r.Hash]; len(g) != 3 {
		t.Errorf("on record: %+v", g)
	}
}

func TestGatesThatAreMissingOrFailed(t *testing.T) {
	m, s, _ := desk(t)
	r, gates, err := m.Propose(t.Context(), []byte("untested"), Proposal{Author: "张三", Why: "试"})
	if err != nil || gates[1].OK {
		t.Fatalf("%+v %v", gates, err)
	}
	p := Promotion{Hash: r.Hash, To: Active, By: "李四"}
	if _, _, err := m.Promote(t.Context(), p); keyOf(err) != "release.gate" {
		t.Errorf("failed test: %v", err)
	}
	delete(s.known, r.Hash)
	if _, _, err := m.Promote(t.Context(), p); keyOf(err) != "release.gate" {
		t.Errorf("nothing on record: %v", err)
	}
	p.Force = "寒潮"
	got, _, err := m.Promote(t.Context(), p)
	if err != nil || got.Forced != "寒潮" || s.entries[len(s.entries)-1].Forced != "寒潮" {
		t.Errorf("%+v %v", got, err)
	}
	if _, _, err := m.Promote(t.Context(), Promotion{Hash: "abcdef", To: Active, By: "李四"}); keyOf(err) != "release.not_found" {
		t.Errorf("%v", err)
	}
	if _, _, err := m.Propose(t.Context(), []byte("bad"), Proposal{Author: "张三", Why: "试"}); keyOf(err) != "rules.invalid" || len(s.all) != 2 {
		t.Errorf("a set that does not check is kept: %v, %d releases", err, len(s.all))
	}
}

// A slow store never holds up a decision: what cannot wait is counted.
func TestShadowsNeverHoldUpDecisions(t *testing.T) {
	m, s, _ := desk(t)
	s.slow = make(chan struct{})
	publish(t, m, "heating", Shadow, Scope{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	const extra = 2000
	for i := range pending + extra {
		m.Rollout().Decide(&hub.Submission{Case: hub.CaseID(fmt.Sprint(i))})
	}
	if n := m.rollout.dropped.Load(); n == 0 || n > extra {
		t.Errorf("%d comparisons dropped, want some of %d", n, extra)
	}
	close(s.slow)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	count := func() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.saved) }
	for end := time.Now().Add(20 * time.Second); count() < 5000; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("only %d comparisons are stored", count())
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("run ended with %v", err)
	}
	if c := s.saved[0]; c.Same || c.Before.RuleSet != hashOf("urban") || c.After.RuleSet != hashOf("heating") {
		t.Errorf("%+v", c)
	}
}

func TestAlike(t *testing.T) {
	base := hub.Decision{Lead: "heating", Class: hub.Class{Kind: hub.KindHelp}, Matches: []hub.Match{{Rule: "a"}}}
	for name, c := range map[string]struct {
		change func(d *hub.Decision)
		want   bool
	}{
		"another rule, the same result": {func(d *hub.Decision) { d.Rule, d.Matches = "b", nil }, true},
		"another department":            {func(d *hub.Decision) { d.Lead = "housing" }, false},
		"another helper":                {func(d *hub.Decision) { d.Co = []hub.DepartmentCode{"x"} }, false},
		"another kind":                  {func(d *hub.Decision) { d.Class.Kind = hub.KindThanks }, false},
		"another deadline":              {func(d *hub.Decision) { d.Clocks = []hub.Allowance{{Kind: hub.ClockClose}} }, false},
		"another rung":                  {func(d *hub.Decision) { d.StartRung = 3 }, false},
		"rejected":                      {func(d *hub.Decision) { d.Reject = &hub.Rejection{} }, false},
	} {
		d := base
		if c.change(&d); alike(&base, &d) != c.want {
			t.Errorf("%s: alike is %v", name, !c.want)
		}
	}
}

func TestAWatcherIsToldOnceAndSoon(t *testing.T) {
	m, s, _ := desk(t)
	ask := func(after string) JudgedPage {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/?after="+after, nil)
		v, err := m.tail(r, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.(JudgedPage)
	}
	first := ask("")
	if len(first.Decisions) != 0 || !first.Next.Equal(now) {
		t.Errorf("at first: %+v", first)
	}
	s.judged = []Judged{{Case: "1", At: now.Add(time.Second)}, {Case: "2", At: now.Add(2 * time.Second)}}
	second := ask(first.Next.Format(time.RFC3339Nano))
	if len(second.Decisions) != 2 || !second.Next.Equal(now.Add(2*time.Second)) {
		t.Errorf("then: %+v", second)
	}
	// One that was decided before, but became visible late.
	go func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.judged = append([]Judged{{Case: "late", At: now.Add(1500 * time.Millisecond)}}, s.judged...)
	}()
	third := ask(second.Next.Format(time.RFC3339Nano))
	if !slices.ContainsFunc(third.Decisions, func(j Judged) bool { return j.Case == "late" }) || !third.Next.Equal(second.Next) {
		t.Errorf("a late one: %+v", third)
	}
	if _, err := m.tail(httptest.NewRequestWithContext(t.Context(), "GET", "/?after=x", nil), s); keyOf(err) != "query.invalid" {
		t.Errorf("%v", err)
	}
}

func TestWithoutTheStoreTheOldRulesGoOn(t *testing.T) {
	m, s, _ := desk(t)
	s.broken = errors.New("gone")
	if err := m.Refresh(t.Context()); err == nil || m.Rollout().Decide(&hub.Submission{}).Lead != "urban" {
		t.Errorf("%v", err)
	}
	s.broken = nil
	s.all[0].Hash, s.all[0].State = "unknown-hash", Active
	m.open.Purge()
	if err := m.Refresh(t.Context()); err == nil || m.Banner() == "" || m.Rollout().Decide(&hub.Submission{}).Lead != "urban" {
		t.Errorf("a set that nobody has: %v, banner %q", err, m.Banner())
	}
}

func TestMetricsTellTheTruth(t *testing.T) {
	m, _, _ := desk(t)
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.Collectors()...)
	value := func(name string) float64 {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == name {
				return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
			}
		}
		return -1
	}
	if value("mashang_rules_last_reload_successful") != 1 || value("mashang_rules_release") != 1 {
		t.Error("a good start")
	}
	if err := m.Adopt(t.Context(), Folder{Source: []byte("bad")}); err != nil {
		t.Fatal(err)
	}
	if value("mashang_rules_last_reload_successful") != 0 || value("mashang_rules_reload_failures_total") != 1 {
		t.Error("a bad folder")
	}
	publish(t, m, "heating", Active, Scope{})
	if value("mashang_rules_release") != 2 {
		t.Error("a release")
	}
}
