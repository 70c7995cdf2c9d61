package bench

import (
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// A receiver checks the signature of every webhook and keeps account of what
// came when.
type receiver struct {
	verify *standard.Webhook
	wait   time.Duration // before it answers
	broken atomic.Bool   // answers 500
	// refused is how often it answered 500.
	refused atomic.Int64

	mu     sync.Mutex
	sent   map[string]time.Time // by alert id
	came   map[string]time.Duration
	last   map[string]int // highest number of each case
	swaps  int
	forged int
}

func newReceiver(wait time.Duration) (*receiver, error) {
	v, err := standard.NewWebhook(benchSecret)
	return &receiver{
		verify: v, wait: wait, sent: map[string]time.Time{}, came: map[string]time.Duration{}, last: map[string]int{},
	}, err
}

func (r *receiver) expect(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent[id] = time.Now()
}

// ServeHTTP takes one webhook.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	now := time.Now()
	if r.broken.Load() {
		r.refused.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(req.Body)
	if r.wait > 0 {
		<-time.After(r.wait)
	}
	if err == nil {
		err = r.verify.Verify(body, req.Header)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.forged++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	id := req.Header.Get("Webhook-Id")
	if _, again := r.came[id]; again {
		return
	}
	r.came[id] = now.Sub(r.sent[id])
	c, rest, _ := strings.Cut(id, ".")
	number, _, _ := strings.Cut(rest, ".")
	seq, _ := strconv.Atoi(number)
	if seq != r.last[c]+1 {
		r.swaps++
	}
	r.last[c] = seq
}

func (r *receiver) complete() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.came) == len(r.sent)
}

// account returns how many were lost and how many came out of order.
func (r *receiver) account() (lost, swaps int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sent) - len(r.came), r.swaps
}

// times returns when each alert was sent, and tells t when it arrived.
func (r *receiver) times(t *trail) map[string]time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, took := range r.came {
		t.set(arrived, id, r.sent[id].Add(took))
	}
	return maps.Clone(r.sent)
}

// median returns the middle wait of a series in milliseconds.
func (r *receiver) median(series string) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var waits []time.Duration
	for id, d := range r.came {
		if _, number, _ := strings.Cut(id, "-"); strings.HasPrefix(number, series) {
			waits = append(waits, d)
		}
	}
	return middle(waits)
}

// A hangingReceiver takes every call and answers none until it is let go.
type hangingReceiver struct {
	waiting atomic.Int64
}

// ServeHTTP never answers.
func (h *hangingReceiver) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	h.waiting.Add(1)
	_, _ = io.Copy(io.Discard, req.Body) // only then does the server notice that the caller left
	<-req.Context().Done()
}
