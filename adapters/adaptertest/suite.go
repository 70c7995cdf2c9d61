package adaptertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// A Sample is one request body.
type Sample struct{ MediaType, Body string }

// A Suite says how one kind of adapter is spoken to.
type Suite struct {
	Spec    adapters.Spec
	Options string // YAML
	Deps    adapters.Deps
	// Good is one submission and Want what must reach the Intake: every field
	// that is set there.
	Good Sample
	Want hub.Submission
	// Bad are answered with an error that is not the hub's fault.
	Bad []Sample
	// Open is set for a channel that anybody may use without proof.
	Open bool
	// Config holds the sections of a wired channel's file; Code, Kind and
	// Options are set by the suite.
	Config adapters.Config
	// Message makes version n of the message with this external id, with "v"
	// and n in its text; without it Good serves, and order is not checked.
	Message func(id string, n int) Sample
	// Feed puts messages where a fetching adapter finds them; without it they
	// are posted.
	Feed Feed
}

// Now is the time of the suite's clock.
func Now() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// Run checks the suite.
func Run(t *testing.T, s Suite) {
	t.Helper()
	for _, problem := range Check(s) {
		t.Error(problem)
	}
}

// Check returns what the adapter does wrong.
func Check(s Suite) []string {
	c := &check{suite: s, intake: &Intake{}}
	a, err := s.New(c.intake)
	if err != nil {
		return []string{"New: " + err.Error()}
	}
	c.adapter, c.handler = a, a.Handler()
	switch {
	case c.handler != nil && s.Feed == nil:
		c.unavailable()
		c.good()
		c.bad()
		c.proof()
		c.kept()
	case s.Feed == nil:
		return []string{"Handler: nil, and the suite has no Feed"}
	}
	c.stopped()
	c.contract()
	return c.problems
}

// New makes the adapter with the suite's clock and options.
func (s Suite) New(in adapters.Intake) (adapters.Adapter, error) {
	d := s.Deps
	d.Demo = true
	d.Clock = hub.ClockFunc(Now)
	c := s.Config
	c.Code, c.Name, c.Kind, c.Enabled = hub.ChannelCode(s.Spec.Kind), s.Spec.Kind, s.Spec.Kind, true
	c.Options = adapters.Options(s.Options)
	return s.Spec.New(c, in, d.Complete())
}

type check struct {
	suite    Suite
	intake   *Intake
	adapter  adapters.Adapter
	handler  http.Handler
	problems []string
}

func (c *check) errorf(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

type reply struct {
	status int
	header http.Header
	body   string
	fields struct {
		Receipt, Tracking, Code, Detail string
		StatusURL                       string `json:"status_url"`
		Duplicate                       bool
	}
}

func (c *check) post(s Sample, signed bool) reply {
	path := "/in/" + c.suite.Spec.Kind
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(s.Body))
	r.Header.Set("Content-Type", s.MediaType)
	if signer, ok := c.adapter.(adapters.Signer); ok && signed {
		if err := signer.Sign(r, []byte(s.Body)); err != nil {
			c.errorf("Sign: %v", err)
		}
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	got := reply{status: w.Code, header: w.Header(), body: w.Body.String()}
	if err := json.Unmarshal(bytes.TrimSpace(w.Body.Bytes()), &got.fields); err != nil {
		c.errorf("answer is not JSON: %q", got.body)
	}
	return got
}

func (c *check) unavailable() {
	c.intake.Fail(hub.Errorf(hub.CodeUnavailable, "intake.unavailable"))
	got := c.post(c.suite.Good, true)
	c.intake.Fail(nil)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		c.errorf("intake away: answered %d %s, want 503 with Retry-After", got.status, got.body)
	}
}

func (c *check) good() {
	first := c.post(c.suite.Good, true)
	taken := c.intake.Taken()
	if first.status != http.StatusAccepted || len(taken) != 1 {
		c.errorf("good submission: answered %d %s and handed in %d, want 202 and 1", first.status, first.body, len(taken))
		return
	}
	f := first.fields
	if f.Receipt == "" || f.Tracking == "" || f.StatusURL != "/t/"+f.Tracking || f.Duplicate {
		c.errorf("good submission: answer lacks its numbers: %s", first.body)
	}
	c.same(taken[0])
	again := c.post(c.suite.Good, true)
	if again.status != http.StatusAccepted || !again.fields.Duplicate || again.fields.Receipt != f.Receipt || again.fields.Tracking != f.Tracking {
		c.errorf("same submission again: answered %d %s, want the same numbers and duplicate", again.status, again.body)
	}
}

func (c *check) same(got hub.Submission) {
	if got.ExternalID == "" {
		c.errorf("external id was lost")
	}
	if got.Channel != hub.ChannelCode(c.suite.Spec.Kind) {
		c.errorf("channel is %q", got.Channel)
	}
	if !strings.Contains(c.suite.Good.MediaType, "form") && len(got.Raw) == 0 {
		c.errorf("raw bytes were lost")
	}
	compare(reflect.ValueOf(c.suite.Want), reflect.ValueOf(got), c.errorf)
}

// compare reports fields that are set in want and differ in got.
func compare(want, got reflect.Value, errorf func(string, ...any)) {
	for i := range want.NumField() {
		name, w, g := want.Type().Field(i).Name, want.Field(i), got.Field(i)
		switch at, isTime := reflect.TypeAssert[time.Time](w); {
		case w.IsZero():
		case isTime:
			if !at.Equal(g.Interface().(time.Time)) {
				errorf("%s is %v, want %v", name, g, w)
			}
		case w.Kind() == reflect.Struct:
			compare(w, g, errorf)
		case !reflect.DeepEqual(w.Interface(), g.Interface()):
			errorf("%s is %#v, want %#v", name, g, w)
		}
	}
}

func (c *check) bad() {
	before := len(c.intake.Taken())
	for _, s := range append(c.suite.Bad, Sample{c.suite.Good.MediaType, ""}) {
		got := c.post(s, true)
		if got.status < 400 || got.status > 499 || got.fields.Code == "" || got.fields.Detail == "" {
			c.errorf("malformed %.60q: answered %d %s, want 4xx with code and detail", s.Body, got.status, got.body)
		}
		if !strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") {
			c.errorf("malformed %.60q: Content-Type %q", s.Body, got.header.Get("Content-Type"))
		}
	}
	if after := len(c.intake.Taken()); after != before {
		c.errorf("%d malformed submissions were handed in", after-before)
	}
}

func (c *check) proof() {
	if c.suite.Open {
		return
	}
	if got := c.post(c.suite.Good, false); got.status != http.StatusUnauthorized {
		c.errorf("no proof: answered %d, want 401", got.status)
	}
}
