package adaptertest

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// A Feed puts messages where a fetching adapter finds them, in this order.
type Feed func(messages []Sample) error

// messages is how many the contract sends, and versions how often some come
// again changed.
const (
	messages = 60
	versions = 3
)

// moods is the next consumer at its worst: it fails before and after it took
// something, and refuses some for good. It is safe for concurrent use.
type moods struct {
	Intake
	mu      sync.Mutex
	rand    *rand.Rand
	failed  map[string]int   // how often each message met a failure
	log     []hub.Submission // everything that was handed in while it worked
	letters []adapters.Letter
	changed chan struct{}
}

func newMoods(seed uint64) *moods {
	return &moods{rand: rand.New(rand.NewPCG(seed, seed)), failed: map[string]int{}, changed: make(chan struct{})}
}

// mostFailures is how often one message meets a failure at most: the waits
// between tries grow, and luck must not make a test last for minutes.
const mostFailures = 4

// fails is true once in n times, and no longer once a message had its share.
func (m *moods) fails(id string, n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rand.IntN(n) > 0 || m.failed[id] >= mostFailures {
		return false
	}
	m.failed[id]++
	return true
}

// refuses tells which submissions can never be taken: always the same.
func refuses(id string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return h.Sum32()%7 == 0
}

// Accept implements adapters.Intake.
func (m *moods) Accept(ctx context.Context, subs []hub.Submission) ([]hub.Acceptance, error) {
	if len(subs) == 0 {
		return nil, nil
	}
	if m.fails(subs[0].ExternalID, 4) {
		return nil, hub.Errorf(hub.CodeUnavailable, "intake.unavailable")
	}
	answers := make([]hub.Acceptance, len(subs))
	for i, s := range subs {
		if refuses(s.ExternalID) {
			answers[i].Err = hub.Errorf(hub.CodeInvalid, "submission.empty")
			continue
		}
		got, err := m.Intake.Accept(ctx, []hub.Submission{s})
		if err != nil {
			return nil, err
		}
		answers[i] = got[0]
	}
	m.note(func() { m.log = append(m.log, subs...) })
	if m.fails(subs[0].ExternalID, 8) { // it happened, and nobody was told
		return nil, hub.Errorf(hub.CodeUnavailable, "intake.unavailable")
	}
	return answers, nil
}

// keep is where the hub keeps what is refused.
func (m *moods) keep(_ context.Context, l adapters.Letter) error {
	if m.fails(l.Key, 5) {
		return hub.Errorf(hub.CodeUnavailable, "postgres.unavailable")
	}
	m.note(func() { m.letters = append(m.letters, l) })
	return nil
}

func (m *moods) note(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	close(m.changed)
	m.changed = make(chan struct{})
}

// missing returns the ids that were neither taken nor kept.
func (m *moods) missing(ids []string) []string {
	taken := map[string]bool{}
	for _, s := range m.Taken() {
		taken[s.ExternalID] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, id := range ids {
		kept := slices.ContainsFunc(m.letters, func(l adapters.Letter) bool {
			return l.Key == id || strings.Contains(string(l.Raw), id)
		})
		if !taken[id] && !kept {
			out = append(out, id)
		}
	}
	return out
}

// contract: nothing that the adapter dealt with is lost, whatever the next
// consumer does, and each id keeps its order.
func (c *check) contract() {
	message := c.suite.message()
	if message == nil {
		return
	}
	m := newMoods(1)
	s := c.suite
	s.Deps.Keep = m.keep
	s.Deps.Cursors = &cursors{at: map[hub.ChannelCode]string{}}
	a, err := s.New(adapters.Watched(m, s.Deps.Complete(), nil))
	if err != nil {
		c.errorf("New: %v", err)
		return
	}
	var ids []string
	var all []Sample
	for n := range messages {
		id := fmt.Sprintf("contract-%03d", n)
		ids = append(ids, id)
		all = append(all, message(id, 1))
	}
	for v := 2; v <= versions && s.Message != nil; v++ {
		for n := range 5 {
			all = append(all, message(ids[n], v))
		}
	}
	if s.Feed != nil {
		c.fetched(a, m, all, ids)
	} else {
		c.pushed(a, m, all)
	}
	if lost := m.missing(ids); len(lost) > 0 {
		c.errorf("contract: %d of %d messages were answered and are neither handed in nor kept: %v", len(lost), len(ids), lost)
	}
	c.ordered(m)
}

// pushed sends each message until it is answered for good.
func (c *check) pushed(a adapters.Adapter, m *moods, all []Sample) {
	gate := &adapters.Gate{Channel: hub.ChannelCode(c.suite.Spec.Kind), Next: a.Handler(), Deps: adapters.Deps{Keep: m.keep, Clock: hub.ClockFunc(Now)}}
	for _, s := range all {
		for try := 0; ; try++ {
			r := c.request(a, s)
			w := httptest.NewRecorder()
			gate.ServeHTTP(w, r)
			if w.Code != http.StatusServiceUnavailable {
				if w.Code >= 500 {
					c.errorf("contract: answered %d %.100s when the next consumer failed, want 503", w.Code, w.Body)
				}
				break
			}
			if w.Header().Get("Retry-After") == "" {
				c.errorf("contract: 503 without Retry-After")
				return
			}
			if try > 200 {
				c.errorf("contract: still 503 after %d tries", try)
				return
			}
		}
	}
}

func (c *check) request(a adapters.Adapter, s Sample) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/in/"+c.suite.Spec.Kind, strings.NewReader(s.Body))
	r.Header.Set("Content-Type", s.MediaType)
	if signer, ok := a.(adapters.Signer); ok {
		if err := signer.Sign(r, []byte(s.Body)); err != nil {
			c.errorf("Sign: %v", err)
		}
	}
	return r
}

// patience is how long a fetching adapter may take for everything.
const patience = 60 * time.Second

// fetched runs the adapter until all is dealt with, and then stops it.
func (c *check) fetched(a adapters.Adapter, m *moods, all []Sample, ids []string) {
	if err := c.suite.Feed(all); err != nil {
		c.errorf("Feed: %v", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	for len(m.missing(ids)) > 0 || !c.through(m, all) {
		m.mu.Lock()
		changed := m.changed
		m.mu.Unlock()
		select {
		case <-changed:
			continue
		case err := <-ended:
			c.errorf("Run ended by itself: %v", err)
			return
		case <-ctx.Done():
			return // what is missing is said by the caller
		case <-time.After(100 * time.Millisecond): // it may have been the last
		}
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			c.errorf("Run returned %v after its context ended, want nil", err)
		}
	case <-time.After(15 * time.Second):
		c.errorf("Run does not return after its context ended")
	}
}

// through reports whether the last versions came.
func (c *check) through(m *moods, all []Sample) bool {
	if c.suite.Message == nil || len(all) == messages {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	want := fmt.Sprintf("v%d", versions)
	seen := map[string]bool{}
	for _, s := range m.log {
		if strings.Contains(s.Text, want) {
			seen[s.ExternalID] = true
		}
	}
	for _, l := range m.letters {
		if strings.Contains(string(l.Raw), want) {
			seen[l.Key] = true
		}
	}
	return len(seen) >= 5
}

// ordered wants the first appearances of an id's versions in their order.
func (c *check) ordered(m *moods) {
	if c.suite.Message == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	highest := map[string]int{}
	for _, s := range m.log {
		for v := 1; v <= versions; v++ {
			if !strings.Contains(s.Text, fmt.Sprintf("v%d", v)) {
				continue
			}
			if v > highest[s.ExternalID]+1 {
				c.errorf("contract: version %d of %s was handed in before version %d", v, s.ExternalID, v-1)
			}
			highest[s.ExternalID] = max(highest[s.ExternalID], v)
		}
	}
}

// stopped: a Run whose context has ended returns at once and touches nothing.
func (c *check) stopped() {
	in := &Intake{}
	a, err := c.suite.New(in)
	if err != nil {
		return // said already
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	select {
	case err := <-ended:
		if err != nil {
			c.errorf("Run with an ended context returned %v, want nil", err)
		}
	case <-time.After(15 * time.Second):
		c.errorf("Run with an ended context does not return")
	}
	if n := len(in.Taken()); n > 0 {
		c.errorf("Run with an ended context handed in %d", n)
	}
}

// kept: what is answered as malformed is with the hub, byte for byte.
func (c *check) kept() {
	for _, s := range c.suite.Bad {
		var letters []adapters.Letter
		d := adapters.Deps{Clock: hub.ClockFunc(Now), Keep: func(_ context.Context, l adapters.Letter) error {
			letters = append(letters, l)
			return nil
		}}
		suite := c.suite
		suite.Deps.Keep = d.Keep
		a, err := suite.New(adapters.Watched(&Intake{}, suite.Deps.Complete(), nil))
		if err != nil || a.Handler() == nil {
			return
		}
		gate := &adapters.Gate{Channel: hub.ChannelCode(suite.Spec.Kind), Next: a.Handler(), Deps: d}
		w := httptest.NewRecorder()
		gate.ServeHTTP(w, c.request(a, s))
		if w.Code >= 400 && (len(letters) != 1 || string(letters[0].Raw) != s.Body || letters[0].Reason == nil) {
			c.errorf("malformed %.60q: answered %d and kept %d letters, want its bytes once", s.Body, w.Code, len(letters))
		}
	}
}

// message makes messages: the suite's own, or its good one with another id.
func (s Suite) message() func(id string, n int) Sample {
	if s.Message != nil {
		return s.Message
	}
	if s.Want.ExternalID == "" || strings.Count(s.Good.Body, s.Want.ExternalID) != 1 {
		return nil
	}
	return func(id string, _ int) Sample {
		return Sample{s.Good.MediaType, strings.Replace(s.Good.Body, s.Want.ExternalID, id, 1)}
	}
}

// cursors keep cursors in memory.
type cursors struct {
	mu sync.Mutex
	at map[hub.ChannelCode]string
}

// LoadCursor implements adapters.Cursors.
func (c *cursors) LoadCursor(_ context.Context, channel hub.ChannelCode) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at[channel], nil
}

// SaveCursor implements adapters.Cursors.
func (c *cursors) SaveCursor(_ context.Context, channel hub.ChannelCode, cursor string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at[channel] = cursor
	return nil
}

// Until runs the suite's adapter until done says so, and stops it.
func Until(t *testing.T, s Suite, done func() bool) *Intake {
	t.Helper()
	in := &Intake{}
	if s.Deps.Cursors == nil {
		s.Deps.Cursors = &cursors{at: map[hub.ChannelCode]string{}}
	}
	a, err := s.New(in)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("not in time")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	return in
}
