package lifecycle

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/calendar"
)

// The preloaded cases are the folds of their events, and none has a clock that
// falls due while the benchmark runs.
func TestPastCasesAreCases(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	m := matter{"停水", "小区停水", "620402001001", "water"}
	open := 0
	for i := range 100 {
		o, err := past(i, 100, m, hub.Facts{Calendar: calendar.New()}, now)
		if err != nil {
			t.Fatal(err)
		}
		var folded hub.Case
		for _, e := range o.Events {
			folded = hub.Apply(folded, e)
		}
		if !reflect.DeepEqual(folded, o.Case) {
			t.Fatalf("case %d is not the fold of its events", i)
		}
		for _, d := range o.Case.Deadlines {
			open++
			if !o.Case.Status.Open() || d.Due.Before(now.AddDate(0, 6, 0)) {
				t.Errorf("case %d (%s) has clock %s due %s", i, o.Case.Status, d.Kind, d.Due)
			}
		}
	}
	if open != 4 {
		t.Errorf("%d open cases of 100", open)
	}
}

// The rules of the demo city know enough of the matters, and each user's case
// goes to the department whose worker signs for it.
func TestTheCityKnowsTheMatters(t *testing.T) {
	dir := t.TempDir()
	if err := writeCity(dir); err != nil {
		t.Fatal(err)
	}
	matters, err := readMatters(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range matters {
		if m.lead == "" || m.place == "" {
			t.Errorf("%+v", m)
		}
	}
}

// A life is four steps; to be sent away and come back is no error, and a case
// takes a while to come.
func TestALifeOverHTTP(t *testing.T) {
	var busy, early atomic.Int64
	busy.Store(1)
	early.Store(2)
	var words string
	mux := http.NewServeMux()
	mux.HandleFunc("POST /in/kuaiban", func(w http.ResponseWriter, r *http.Request) {
		if busy.Add(-1) >= 0 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var q struct{ Text string }
		_ = json.NewDecoder(r.Body).Decode(&q)
		words, _, _ = strings.Cut(q.Text, "，")
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write([]byte(`{"tracking":"BY1"}`))
	})
	mux.HandleFunc("POST /api/v1/cases/BY1/commands", func(w http.ResponseWriter, r *http.Request) {
		if early.Add(-1) >= 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if r.Header.Get("Authorization") != "Bearer worker" {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	mux.HandleFunc("GET /api/v1/cases", func(w http.ResponseWriter, r *http.Request) {
		id := "BY1"
		if r.URL.Query().Get("text") != words || r.Header.Get("Authorization") != "Bearer operator" {
			id = "other"
		}
		_, _ = w.Write([]byte(`{"cases":[{"id":"` + id + `"}]}`))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	h := &process{
		url: server.URL, client: server.Client(), matters: []matter{{"停水", "停水两天", "620402", "water"}},
		tokens: map[hub.DepartmentCode]string{"water": "worker", "": "operator"},
	}
	steps, err := h.live(t.Context(), 3)
	if err != nil || len(steps) != 4 || h.sentAway.Load() != 1 {
		t.Fatalf("%d steps, %v, sent away %d times", len(steps), err, h.sentAway.Load())
	}
	if steps[0].took < time.Second {
		t.Errorf("waiting to be served does not count: %s", steps[0].took)
	}
	h.tokens["water"] = "somebody"
	if _, err := h.live(t.Context(), 4); err == nil {
		t.Error("a refused command is no error")
	}
}

func TestRecovery(t *testing.T) {
	end := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var samples []sample
	for at := time.Duration(0); at < watched; at += 50 * time.Millisecond {
		took := 20 * time.Millisecond
		if at < 3*time.Second {
			took = time.Second
		}
		samples = append(samples, sample{began: end.Add(at), took: took})
	}
	if got := recovery(samples, end, promptly); got != 3*time.Second {
		t.Errorf("recovered after %s, want 3s", got)
	}
	if got := recovery(nil, end, promptly); got != watched {
		t.Errorf("nobody was served, and yet recovered after %s", got)
	}
	if got := percentile(samples, 95); got != time.Second {
		t.Errorf("p95 %s", got)
	}
}

// Users look for their case when half of the cases are there, and a crowd that
// waits for the same does not make each other wait longer and longer.
func TestAHabitFollows(t *testing.T) {
	var h habit
	for _, takes := range []time.Duration{200 * time.Millisecond, 30 * time.Millisecond} {
		for range 100 {
			e := h.expected()
			h.was(e >= takes, e)
		}
		if e := h.expected(); e < takes*5/6 || e > takes*7/6 {
			t.Errorf("looks after %s for what takes %s", e, takes)
		}
	}
	before := h.expected()
	for range 1000 {
		h.was(false, before)
	}
	if e := h.expected(); e > before*9/8 {
		t.Errorf("a thousand who were early: from %s to %s", before, e)
	}
}
