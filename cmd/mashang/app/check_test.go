package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/calendar"
	"github.com/mashang-hub/mashang/hub/deadline"
	"github.com/mashang-hub/mashang/hub/desk"
	"github.com/mashang-hub/mashang/hub/dispatch"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/plugins/all"
	"github.com/mashang-hub/mashang/plugins/host"
	"github.com/mashang-hub/mashang/plugins/sdk"
)

// TestMain makes the test binary a department's plugin when told so.
func TestMain(m *testing.M) {
	if kind, ok := os.LookupEnv("TEST_PLUGIN_KIND"); ok {
		d, _ := all.Department(kind, hub.ClockFunc(time.Now), sdk.NewLogger(os.Stderr))
		sdk.Serve(d)
		return
	}
	pgtest.Main(m)
}

// An evening is a hub in small: desk, clocks and lane on PostgreSQL, the
// heating office's own process, and the phone of its crew. Time passes when it
// is told to.
type evening struct {
	*testing.T
	db    *postgres.DB
	cases *cases.Store
	desk  *desk.Desk
	watch *deadline.Watcher
	lane  *dispatch.Lane
	file  *dispatch.Intake

	mu     sync.Mutex
	now    time.Time
	pushes []hub.Alert // that the phone got
	answer string      // what the crew writes back
	back   chan hub.Update
}

func (v *evening) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// ServeHTTP is the phone.
func (v *evening) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var event struct{ Data hub.Alert }
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pushes = append(v.pushes, event.Data)
	if v.answer != "" {
		fmt.Fprintf(w, `{"updates":[{"id":"u%d","text":%q}]}`, len(v.pushes), v.answer)
	}
}

// Facts say that heating cases are checked within two hours.
func (v *evening) Facts(context.Context, hub.ChannelCode, hub.PlaceCode) (hub.Facts, error) {
	f := hub.Facts{Calendar: calendar.New(), Checks: map[hub.DepartmentCode]hub.CheckRule{
		"heating": {Topics: []string{"heating"}, Within: hub.Budget{N: 2, Unit: hub.Hour}, Warn: hub.Budget{N: 30, Unit: hub.Minute}},
	}}
	for r := hub.Rung(1); r <= 7; r++ {
		f.Ladder = append(f.Ladder, hub.Step{Rung: r, Wait: hub.Budget{N: 30, Unit: hub.Minute}})
		f.Duties = append(f.Duties, hub.Duty{Rung: r, Person: hub.PersonID(fmt.Sprint("p", r))})
	}
	return f, nil
}

// Decide sends everything to the heating office.
func (*evening) Decide(*hub.Submission) hub.Decision {
	return hub.Decision{Lead: "heating", Class: hub.Class{Topic: "heating"}}
}

type clocked struct {
	*cases.Store
	clock hub.Clock
}

func (c clocked) ChangeCase(ctx context.Context, id hub.CaseID, messageID string, change desk.Change) (hub.Case, error) {
	return c.Store.ChangeCase(ctx, id, messageID, c.clock.Now(), change)
}

func newEvening(t *testing.T) *evening {
	t.Helper()
	v := &evening{T: t, db: pgtest.Open(t), now: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), back: make(chan hub.Update, 8)}
	log := slog.New(slog.DiscardHandler)
	v.cases = cases.New(v.db)
	v.desk = desk.New(clocked{v.cases, v}, v, v, v)
	facts := func(ctx context.Context, _ hub.Case, _ time.Time) (hub.Facts, error) { return v.Facts(ctx, "", "") }
	v.watch = deadline.New(v.cases, func() deadline.FactsFunc { return facts },
		func(c hub.Case, events []hub.Event) []hub.Outgoing {
			out, err := desk.Outgoing(c, hub.Content{}, events)
			if err != nil {
				t.Error(err)
			}
			return out
		}, v, log)
	shelf := deliveries.New(v.db)
	v.file = dispatch.NewIntake(shelf, v, nil, nil)
	v.lane = dispatch.New("heating", shelf, v.crew(log), v, log, dispatch.Options{})
	return v
}

// crew starts the heating office's process, which pushes to the phone.
func (v *evening) crew(log *slog.Logger) *host.Plugin {
	v.Helper()
	phone := httptest.NewServer(v)
	v.Cleanup(phone.Close)
	dir, err := os.MkdirTemp("", "mp") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		v.Fatal(err)
	}
	v.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := fmt.Sprintf(`{"url":%q,"allow":["127.0.0.0/8"],"secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}`, phone.URL)
	p := host.New(host.Spec{
		Department: "heating", Command: []string{os.Args[0]}, RunDir: dir, Config: json.RawMessage(config), Env: []string{"TEST_PLUGIN_KIND=heating"},
		Timing: host.Timing{BackOff: 20 * time.Millisecond, Beat: 100 * time.Millisecond, Health: 2 * time.Second, Call: 10 * time.Second},
	}, log)
	ctx, stop := context.WithCancel(context.Background())
	var loops sync.WaitGroup
	loops.Go(func() { _ = p.Run(ctx) })
	loops.Go(func() { _ = p.Updates(ctx, func(u hub.Update) error { v.back <- u; return nil }) })
	v.Cleanup(func() { stop(); loops.Wait() })
	return p
}

// settle lets everything that is due happen: clocks, outbox, pushes.
func (v *evening) settle() {
	v.Helper()
	if _, err := v.watch.Tick(v.Context()); err != nil {
		v.Fatal(err)
	}
	for {
		n, err := v.db.RelayOutbox(v.Context(), 100, func(out []hub.Outgoing) error {
			for _, o := range out {
				if o.Topic != bus.Alerts("heating") {
					continue
				}
				if err := v.file.Record(v.Context(), []*message.Message{message.NewMessage(o.ID, o.Payload)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			v.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if n, err := v.lane.Step(v.Context()); n == 0 && err == nil {
			return
		}
	}
	v.Fatal("the lane did not come to rest within a minute")
}

// wait moves the clock and lets everything happen.
func (v *evening) wait(d time.Duration) {
	v.Helper()
	v.mu.Lock()
	v.now = v.now.Add(d)
	v.mu.Unlock()
	v.settle()
}

// pushed returns what the phone got since it was last asked.
func (v *evening) pushed() []hub.Alert {
	v.mu.Lock()
	defer v.mu.Unlock()
	defer func() { v.pushes = nil }()
	return v.pushes
}

func (v *evening) current() hub.Case {
	v.Helper()
	c, _, err := v.cases.Case(v.Context(), "BY1")
	if err != nil {
		v.Fatal(err)
	}
	return c
}

// TestEveryCaseIsCheckedOrItClimbs is one cold home: its push asks for a check,
// nobody answers, the crew is reminded and the ladder climbs until it writes in
// its own words what it found.
func TestEveryCaseIsCheckedOrItClimbs(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process and a server")
	}
	v := newEvening(t)
	s := hub.Submission{
		Case: "BY1", Receipt: "r1", Channel: "qr", ExternalID: "1", SubmittedAt: v.now, ReceivedAt: v.now,
		Content: hub.Content{Title: "不热", Text: "铜城花园3号楼2单元501室，家里12度，有80岁老人", Reporter: hub.Reporter{Phone: "13912345678"}},
	}
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.desk.Receive(t.Context(), []*message.Message{message.NewMessage("m", raw)}); err != nil {
		t.Fatal(err)
	}
	v.settle()
	first := v.pushed()
	if len(first) != 1 || !strings.Contains(first[0].Content.Extra["notice"], "11-24 20:00 前核查") {
		t.Fatalf("the phone got %+v", first)
	}
	if by, ok := first[0].CheckBy(); !ok || !by.Equal(v.now.Add(2*time.Hour)) {
		t.Errorf("to be checked by %v", by)
	}
	v.wait(90 * time.Minute)
	if got := v.pushed(); len(got) != 1 || got[0].Event != hub.Warned {
		t.Fatalf("half an hour before: %+v", got)
	}
	v.wait(30 * time.Minute)
	if got := v.pushed(); len(got) != 1 || got[0].Event != hub.Overran || v.current().Rung != 2 {
		t.Fatalf("unanswered: %+v, rung %d", got, v.current().Rung)
	}
	v.wait(30 * time.Minute)
	if c := v.current(); c.Rung != 3 || !c.Unchecked() {
		t.Fatalf("still unanswered: rung %d, %v", c.Rung, c.Overdue)
	}
	v.answers("部分属实，只有501不热，阀门堵了，正在修", hub.Partly)
	if c := v.current(); c.Unchecked() || len(c.Overdue) != 0 {
		t.Errorf("after the answer: overdue %v", c.Overdue)
	}
	rung := v.current().Rung
	v.wait(3 * time.Hour)
	if c := v.current(); c.Rung != rung {
		t.Errorf("climbs on to %d", c.Rung)
	}
}

// answers has a supervisor ask once more and the crew write text, and takes
// what the plugin makes of it, twice, as the bus may bring it.
func (v *evening) answers(text string, want hub.Finding) {
	v.Helper()
	v.mu.Lock()
	v.answer = text
	v.mu.Unlock()
	if _, err := v.desk.Do(v.Context(), "BY1", hub.Supervise{Text: "请核查"}); err != nil {
		v.Fatal(err)
	}
	v.settle()
	var u hub.Update
	select {
	case u = <-v.back:
	case <-time.After(time.Minute):
		v.Fatal("no answer within a minute")
	}
	u.Department = "heating"
	raw, err := json.Marshal(u)
	if err != nil {
		v.Fatal(err)
	}
	for range 2 {
		if err := v.desk.Update(v.Context(), []*message.Message{message.NewMessage(u.ID, raw)}); err != nil {
			v.Fatal(err)
		}
	}
	part, _ := v.current().Assignment("heating")
	if part.Finding != want || u.Text != text {
		v.Errorf("found %q from %+v", part.Finding, u)
	}
	events, err := v.cases.Events(v.Context(), "BY1")
	if err != nil {
		v.Fatal(err)
	}
	n := len(slices.DeleteFunc(events, func(e hub.Event) bool { return e.Type != hub.Verified }))
	if n != 1 {
		v.Errorf("verified %d times", n)
	}
}
