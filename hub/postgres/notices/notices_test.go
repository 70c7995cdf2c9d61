package notices_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/notice"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/deliveries"
	"github.com/mashang-hub/mashang/hub/postgres/notices"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
)

// TestMain makes the test binary a hub that is going to be killed, when told so.
func TestMain(m *testing.M) {
	if dsn, ok := os.LookupEnv("TEST_NOTICES_DSN"); ok {
		doomed(dsn)
		return
	}
	pgtest.Main(m)
}

var now = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)

// A world is a desk on a database with a clock to turn.
type world struct {
	db    *postgres.DB
	store *notices.Store
	desk  *notice.Desk
	now   time.Time
	told  map[hub.DepartmentCode]int
}

func matchers(list ...string) []notice.Matcher {
	var out []notice.Matcher
	for _, s := range list {
		m, err := notice.ParseMatcher(s)
		if err != nil {
			panic(err)
		}
		out = append(out, m)
	}
	return out
}

func build(db *postgres.DB) *world {
	w := &world{db: db, store: notices.New(db.Pool()), now: now, told: map[hub.DepartmentCode]int{}}
	w.desk = &notice.Desk{
		Store: w.store, Log: slog.New(slog.DiscardHandler), Clock: hub.ClockFunc(func() time.Time { return w.now }),
		Notify: func(d hub.DepartmentCode) { w.told[d]++ },
		Policies: map[hub.DepartmentCode]notice.Policy{"heating": {
			Groups: []notice.Group{{Match: matchers("event=assigned"), By: []string{"place"}, Wait: time.Minute, Interval: 10 * time.Minute}},
			Inhibits: []notice.Inhibit{{
				Source: matchers("tag=停暖"), Target: matchers("topic=heating"), Equal: []string{"place"}, For: time.Hour,
			}},
		}},
	}
	return w
}

func alert(i int, place int, tags ...string) hub.Alert {
	return hub.Alert{
		ID: hub.AlertID(fmt.Sprintf("BY%05d.2.heating", i)), Case: hub.CaseID(fmt.Sprintf("BY%05d", i)), Department: "heating",
		Event: hub.Assigned, Seq: 2, At: now, Place: hub.PlaceCode(fmt.Sprintf("62%04d", place)),
		Class: hub.Class{Topic: "heating", Tags: tags}, Content: hub.Content{Title: "暖气不热"},
	}
}

func (w *world) file(t *testing.T, alerts ...hub.Alert) {
	t.Helper()
	if err := w.desk.AddDeliveries(t.Context(), alerts, w.now); err != nil {
		t.Fatal(err)
	}
}

// settle steps until nothing is due.
func (w *world) settle(t *testing.T) {
	t.Helper()
	for {
		wait, err := w.desk.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if wait > 0 {
			return
		}
	}
}

// count returns how many deliveries have a status.
func (w *world) count(t *testing.T, s hub.DeliveryStatus) int {
	t.Helper()
	n, err := deliveries.New(w.db).CountDeliveries(t.Context(), hub.DeliveryFilter{Status: s})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAGroupBecomesOneNotice(t *testing.T) {
	w := build(pgtest.Open(t))
	w.file(t, alert(1, 1), alert(2, 1), alert(3, 2))
	w.file(t, alert(1, 1), alert(4, 1)) // one comes again
	w.settle(t)
	if n := w.count(t, hub.DeliveryHeld); n != 4 {
		t.Fatalf("%d held before the time", n)
	}
	if ds, err := deliveries.New(w.db).ClaimDeliveries(t.Context(), "heating", w.now, 10, time.Minute); err != nil || len(ds) != 0 {
		t.Fatalf("claimed %v, %v", ds, err)
	}
	w.now = w.now.Add(time.Minute)
	w.settle(t)
	if w.count(t, hub.DeliveryGrouped) != 3 || w.count(t, hub.DeliveryPending) != 2 || w.told["heating"] == 0 {
		t.Errorf("grouped %d, pending %d", w.count(t, hub.DeliveryGrouped), w.count(t, hub.DeliveryPending))
	}
	ds, err := deliveries.New(w.db).ClaimDeliveries(t.Context(), "heating", w.now, 10, time.Minute)
	if err != nil || len(ds) != 2 {
		t.Fatalf("claimed %v, %v", ds, err)
	}
	for _, d := range ds {
		if d.Alert.Event == hub.Gathered && d.Alert.Content.Extra["count"] != "3" {
			t.Errorf("%+v", d.Alert)
		}
		if d.Alert.Event != hub.Gathered && d.Alert.ID != "BY00003.2.heating" { // alone: as itself
			t.Errorf("%+v", d.Alert)
		}
	}
	one, err := deliveries.New(w.db).FindDeliveries(t.Context(), hub.DeliveryFilter{Alert: "BY00002.2.heating"})
	if err != nil || one[0].Notice == "" {
		t.Errorf("a member does not say its notice: %+v, %v", one, err)
	}
	// The next of the group waits for the interval.
	w.file(t, alert(5, 1), alert(6, 1))
	w.now = w.now.Add(2 * time.Minute)
	w.settle(t)
	if w.count(t, hub.DeliveryHeld) != 2 {
		t.Error("the interval was not kept")
	}
	w.now = w.now.Add(8 * time.Minute)
	w.settle(t)
	if w.count(t, hub.DeliveryHeld) != 0 {
		t.Error("the second notice does not go out")
	}
}

func TestAnOutageInhibitsItsFlats(t *testing.T) {
	w := build(pgtest.Open(t))
	w.file(t, alert(1, 1, "停暖"), alert(2, 1), alert(3, 2))
	w.file(t, alert(4, 1))
	muted, err := deliveries.New(w.db).FindDeliveries(t.Context(), hub.DeliveryFilter{Status: hub.DeliveryMuted})
	if err != nil || len(muted) != 2 || muted[0].MutedBy != "alert:BY00001.2.heating" || !muted[0].NextAt.Equal(now.Add(time.Hour)) {
		t.Fatalf("muted %+v, %v", muted, err)
	}
	w.now = w.now.Add(30 * time.Minute)
	w.file(t, alert(5, 1, "停暖"))
	w.now = now.Add(time.Hour + time.Minute) // the first is over, but another goes on
	w.settle(t)
	if w.count(t, hub.DeliveryMuted) != 0 {
		// the newest source decides: it was filed at its own time
		t.Logf("still muted: %d", w.count(t, hub.DeliveryMuted))
	}
	w.now = now.Add(3 * time.Hour)
	w.settle(t)
	w.now = now.Add(4 * time.Hour)
	w.settle(t)
	if n := w.count(t, hub.DeliveryMuted) + w.count(t, hub.DeliveryHeld); n != 0 {
		t.Errorf("%d never came back", n)
	}
}

func TestASilence(t *testing.T) {
	w := build(pgtest.Open(t))
	s := notice.Silence{Matchers: matchers("place=620001"), Author: "王科长", Reason: "换热站检修", StartsAt: now, EndsAt: now.Add(2 * time.Hour)}
	for _, edit := range []func(*notice.Silence){
		func(s *notice.Silence) { s.Author = "" }, func(s *notice.Silence) { s.Reason = "" }, func(s *notice.Silence) { s.EndsAt = time.Time{} },
	} {
		bad := s
		edit(&bad)
		if _, err := w.store.Add(t.Context(), bad, now); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	s, err := w.store.Add(t.Context(), s, now)
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Forget()
	w.file(t, alert(1, 1), alert(2, 1), alert(3, 2))
	list, err := w.store.List(t.Context(), now)
	if err != nil || len(list) != 1 || list[0].Muted != 2 || list[0].Reason != "换热站检修" {
		t.Errorf("%+v, %v", list, err)
	}
	if err := w.store.End(t.Context(), s.ID, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := w.store.End(t.Context(), s.ID, now.Add(time.Minute)); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("ended twice: %v", err)
	}
	w.now = now.Add(time.Minute)
	w.desk.Forget()
	w.settle(t)
	if w.count(t, hub.DeliveryMuted) != 0 || w.count(t, hub.DeliveryHeld) != 2 {
		t.Errorf("after its end: muted %d, held %d", w.count(t, hub.DeliveryMuted), w.count(t, hub.DeliveryHeld))
	}
}

const (
	many   = 5000
	places = 100
)

func batch(from int) []hub.Alert {
	var out []hub.Alert
	for i := from; i < from+500; i++ {
		out = append(out, alert(i, i%places))
	}
	return out
}

// doomed files alerts and gives out notices until it is killed.
func doomed(dsn string) {
	ctx := context.Background()
	db, err := postgres.Open(ctx, dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	w := build(db)
	for i := 0; i < many; i += 500 {
		if os.Getenv("TEST_NOTICES_STEP") == "file" {
			if err := w.desk.AddDeliveries(ctx, batch(i), w.now); err != nil {
				panic(err)
			}
			fmt.Println("filed")
		}
	}
	w.now = now.Add(time.Minute)
	for {
		if _, _, err := w.store.Flush(ctx, w.now, 7, notice.Compose); err != nil {
			panic(err)
		}
		fmt.Println("flushed")
	}
}

// kill runs a hub and kills it after it has said something n times.
func kill(t *testing.T, dsn, step string, n int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "TEST_NOTICES_DSN="+dsn, "TEST_NOTICES_STEP="+step)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range n {
		if !lines.Scan() {
			t.Fatal("the hub died by itself")
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// TestSurvivesKill kills a hub in the middle of filing 5,000 alerts and another
// in the middle of giving out their notices.
func TestSurvivesKill(t *testing.T) {
	dsn := pgtest.Migrated(t)
	db, err := postgres.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	kill(t, dsn, "file", 3)
	w := build(db)
	for i := 0; i < many; i += 500 { // the bus brings what was not acknowledged again
		w.file(t, batch(i)...)
	}
	kill(t, dsn, "flush", 4)
	w.now = now.Add(time.Minute)
	w.settle(t)
	pending, err := deliveries.New(db).FindDeliveries(t.Context(), hub.DeliveryFilter{Status: hub.DeliveryPending, Limit: 1000})
	if err != nil || len(pending) != places {
		t.Fatalf("%d notices, %v; want %d", len(pending), err, places)
	}
	seen := map[string]int{}
	for _, d := range pending {
		for c := range strings.SplitSeq(d.Alert.Content.Extra["cases"], ",") {
			seen[c]++
		}
	}
	for c, n := range seen {
		if n != 1 {
			t.Errorf("%s is in %d notices", c, n)
		}
	}
	if len(seen) != many || w.count(t, hub.DeliveryGrouped) != many {
		t.Errorf("%d cases in notices, %d grouped", len(seen), w.count(t, hub.DeliveryGrouped))
	}
}

// BenchmarkNotices files 5,000 alerts of 100 places and gives out their notices:
// one operation.
func BenchmarkNotices(b *testing.B) {
	w := build(pgtest.Open(b))
	round := 0
	for b.Loop() {
		for i := 0; i < many; i += 500 {
			if err := w.desk.AddDeliveries(b.Context(), batch(round*many+i), w.now); err != nil {
				b.Fatal(err)
			}
		}
		round++
		w.now = w.now.Add(time.Hour)
		for {
			wait, err := w.desk.Step(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if wait > 0 {
				break
			}
		}
	}
}
