package citizen_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/citizen"
)

func noon() time.Time { return time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC) }

// A town is one case, closed at noon, and what its citizen has done to it.
type town struct {
	mu    sync.Mutex
	now   time.Time
	kase  hub.Case
	phone string
	down  error
	reads int
	done  []hub.Command
}

func (w *town) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *town) Case(_ context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads++
	if w.down != nil {
		return hub.Case{}, hub.Submission{}, w.down
	}
	if id != w.kase.ID {
		return hub.Case{}, hub.Submission{}, hub.Errorf(hub.CodeNotFound, "case.not_found", id)
	}
	return w.kase, hub.Submission{Content: hub.Content{Reporter: hub.Reporter{Phone: w.phone}}}, nil
}

func (w *town) DoAll(_ context.Context, _ hub.CaseID, _ string, cmds ...hub.Command) (hub.Case, error) {
	w.done = append(w.done, cmds...)
	return w.kase, nil
}

func open() (*town, *citizen.Counter) {
	w := &town{
		now: noon().Add(time.Hour), phone: "19912345678",
		kase: hub.Case{ID: "BY1", Status: hub.StatusResolved, Round: 1, ClosedAt: noon()},
	}
	return w, citizen.New(w, w, w, []byte("secret"), 15)
}

func key(err error) string {
	if e, ok := errors.AsType[*hub.Error](err); ok {
		return e.Key
	}
	return ""
}

// Whoever has the number and the last four digits, or the link, is taken for
// the citizen; all wrong answers look the same.
func TestWhoIsTakenForTheCitizen(t *testing.T) {
	t.Parallel()
	_, other := open()
	for name, v := range map[string]struct {
		id    hub.CaseID
		phone string
		proof citizen.Proof
		want  string
	}{
		"the last four digits":        {"BY1", "19912345678", citizen.Proof{Tail: "5678"}, ""},
		"the link":                    {"BY1", "19912345678", citizen.Proof{Key: other.Key("BY1")}, ""},
		"the link in small letters":   {"BY1", "19912345678", citizen.Proof{Key: strings.ToLower(other.Key("BY1"))}, ""},
		"the link where is no number": {"BY1", "", citizen.Proof{Key: other.Key("BY1")}, ""},
		"other digits":                {"BY1", "19912345678", citizen.Proof{Tail: "1234"}, "citizen.proof"},
		"the whole number":            {"BY1", "19912345678", citizen.Proof{Tail: "19912345678"}, "citizen.proof"},
		"nothing":                     {"BY1", "19912345678", citizen.Proof{}, "citizen.proof"},
		"nothing where is no number":  {"BY1", "", citizen.Proof{}, "citizen.proof"},
		"a number that is too short":  {"BY1", "5678", citizen.Proof{Tail: "5678"}, "citizen.proof"},
		"the link of another case":    {"BY1", "19912345678", citizen.Proof{Key: other.Key("BY2")}, "citizen.proof"},
		"a case that is not there":    {"BY2", "19912345678", citizen.Proof{Tail: "5678"}, "citizen.proof"},
		"the link to no case":         {"BY2", "19912345678", citizen.Proof{Key: other.Key("BY2")}, "citizen.proof"},
	} {
		w, c := open()
		w.phone = v.phone
		if _, err := c.Reply(t.Context(), v.id, v.proof, "在的"); key(err) != v.want {
			t.Errorf("%s: %v, want %q", name, err, v.want)
		}
		if n := len(w.done); (n == 1) != (v.want == "") {
			t.Errorf("%s: %d commands", name, n)
		}
	}
}

// After five wrong answers even the right one is refused, for a quarter of an
// hour after the first; another case is not touched by that.
func TestGuessesAreFew(t *testing.T) {
	t.Parallel()
	w, c := open()
	for range 5 {
		if _, err := c.Reply(t.Context(), "BY1", citizen.Proof{Tail: "0000", Remote: "10.0.0.1"}, "x"); key(err) != "citizen.proof" {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Minute)
	}
	right := citizen.Proof{Tail: "5678", Remote: "10.0.0.2"}
	if _, err := c.Reply(t.Context(), "BY1", right, "x"); key(err) != "citizen.too_often" {
		t.Errorf("the sixth: %v", err)
	}
	if _, err := c.Reply(t.Context(), "BY2", right, "x"); key(err) != "citizen.proof" {
		t.Errorf("another case: %v", err)
	}
	w.now = w.now.Add(10 * time.Minute) // a quarter of an hour after the first
	if _, err := c.Reply(t.Context(), "BY1", right, "x"); err != nil {
		t.Errorf("later: %v", err)
	}
}

// A hundred guesses at once are no more than five one after another: while the
// store is slow, the others are refused.
func TestGuessesAtOnceAreFewToo(t *testing.T) {
	t.Parallel()
	w, _ := open()
	slow := &slowStore{town: w, met: make(chan struct{}, 200), gate: make(chan struct{})}
	c := citizen.New(slow, w, w, []byte("secret"), 15)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := c.Reply(t.Context(), "BY1", citizen.Proof{Tail: "0000"}, "x"); key(err) == "citizen.too_often" {
				slow.met <- struct{}{}
			}
		})
	}
	for range 100 { // each is at the store or refused
		<-slow.met
	}
	close(slow.gate)
	all.Wait()
	if w.reads != 5 {
		t.Errorf("%d guesses were looked at, want 5", w.reads)
	}
}

// A slowStore answers when its gate opens.
type slowStore struct {
	*town
	met, gate chan struct{}
}

func (s *slowStore) Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	s.met <- struct{}{}
	<-s.gate
	return s.town.Case(ctx, id)
}

// The citizen who is right may come as often as they like, and so may one who
// meets a database that is down.
func TestRightAnswersAreNotCounted(t *testing.T) {
	t.Parallel()
	w, c := open()
	right := citizen.Proof{Tail: "5678"}
	for range 20 {
		if _, err := c.Reply(t.Context(), "BY1", right, "x"); err != nil {
			t.Fatal(err)
		}
	}
	w.down = hub.Errorf(hub.CodeUnavailable, "postgres.unavailable")
	for range 20 {
		if _, err := c.Reply(t.Context(), "BY1", right, "x"); hub.CodeOf(err) != hub.CodeUnavailable {
			t.Fatal(err)
		}
	}
	w.down = nil
	if _, err := c.Reply(t.Context(), "BY1", right, "x"); err != nil {
		t.Errorf("when it is up again: %v", err)
	}
}

// What a citizen may say, and when a closed case is opened again.
func TestRatingAndOpeningAgain(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", 2001)
	rate := func(r citizen.Rating) func(*testing.T, *citizen.Counter) error {
		return func(t *testing.T, c *citizen.Counter) error {
			_, err := c.Rate(t.Context(), "BY1", citizen.Proof{Tail: "5678"}, r)
			return err
		}
	}
	again := func(text string) func(*testing.T, *citizen.Counter) error {
		return func(t *testing.T, c *citizen.Counter) error {
			_, err := c.Reopen(t.Context(), "BY1", citizen.Proof{Tail: "5678"}, text)
			return err
		}
	}
	for name, v := range map[string]struct {
		change func(*town)
		do     func(*testing.T, *citizen.Counter) error
		want   string
		cmds   int
	}{
		"five stars":                      {nil, rate(citizen.Rating{Stars: 5}), "", 1},
		"one star without a reason":       {nil, rate(citizen.Rating{Stars: 1, Text: "  "}), "citizen.why", 0},
		"two stars with one":              {nil, rate(citizen.Rating{Stars: 2, Text: "没人来"}), "", 1},
		"again without a reason":          {nil, rate(citizen.Rating{Stars: 4, Again: true}), "citizen.why", 0},
		"again with one":                  {nil, rate(citizen.Rating{Stars: 1, Text: "没修", Again: true}), "", 2},
		"too many words":                  {nil, rate(citizen.Rating{Stars: 1, Text: long}), "citizen.text", 0},
		"opened again":                    {nil, again("又漏了"), "", 1},
		"opened again without a reason":   {nil, again(" \n"), "citizen.why", 0},
		"while it is open":                {func(w *town) { w.kase.Status = hub.StatusHandling }, again("快点"), "citizen.open", 0},
		"on the fifteenth day":            {func(w *town) { w.now = noon().AddDate(0, 0, 15) }, again("又漏了"), "", 1},
		"a second after it":               {func(w *town) { w.now = noon().AddDate(0, 0, 15).Add(time.Second) }, again("又漏了"), "citizen.too_late", 0},
		"a fifth time":                    {func(w *town) { w.kase.Round = 4 }, again("又漏了"), "citizen.rounds", 0},
		"a rating that may not reopen it": {func(w *town) { w.kase.Round = 4 }, rate(citizen.Rating{Stars: 1, Text: "没修", Again: true}), "citizen.rounds", 0},
	} {
		w, c := open()
		if v.change != nil {
			v.change(w)
		}
		if err := v.do(t, c); key(err) != v.want {
			t.Errorf("%s: %v, want %q", name, err, v.want)
		}
		if len(w.done) != v.cmds {
			t.Errorf("%s: %d commands, want %d: all or none", name, len(w.done), v.cmds)
		}
	}
}

// An outcome of a return visit says whether somebody was reached, and what they
// answered only then.
func TestAVisitSaysWhatCanBe(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, v := range map[string]struct {
		visit citizen.Visit
		want  string
	}{
		"reached and asked":          {citizen.Visit{Reached: &yes, Solved: &no, Satisfied: &no}, ""},
		"not reached":                {citizen.Visit{Reached: &no}, ""},
		"nothing":                    {citizen.Visit{}, "visit.reached"},
		"reached and not asked":      {citizen.Visit{Reached: &yes, Solved: &yes}, "visit.answers"},
		"not reached, but satisfied": {citizen.Visit{Reached: &no, Satisfied: &yes}, "visit.not_reached"},
	} {
		if err := v.visit.Check(); key(err) != v.want {
			t.Errorf("%s: %v, want %q", name, err, v.want)
		}
	}
}
