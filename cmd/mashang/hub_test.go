package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/cmd/mashang/cli"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub"
)

// A receiver is every department's own system: it counts what it is pushed.
type receiver struct {
	mu    sync.Mutex
	cases map[hub.CaseID]map[hub.DepartmentCode]bool
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var event struct{ Data hub.Alert }
	if err := json.NewDecoder(req.Body).Decode(&event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cases[event.Data.Case] == nil {
		r.cases[event.Data.Case] = map[hub.DepartmentCode]bool{}
	}
	r.cases[event.Data.Case][event.Data.Department] = true
}

// city copies the demo city with all departments pushed to url; sign lets them
// sign for cases by themselves.
func city(t *testing.T, url string, sign bool) fs.FS {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, configs.Baiyin()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "departments", "departments.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`config: {auto_sign: %t, url: %q, allow: ["127.0.0.0/8"], secret: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}`, sign, url)
	b = bytes.ReplaceAll(b, []byte("config: {auto_sign: true}"), []byte(config))
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return os.DirFS(dir)
}

// start runs a hub until the test ends and returns its address.
func start(t *testing.T, data string, city fs.FS) string {
	t.Helper()
	return run(t, app.Options{Data: data, City: city}).URL
}

// run runs a demonstration hub until the test ends.
func run(t testing.TB, opts app.Options) app.Ready {
	t.Helper()
	return runLogged(t, opts, slog.DiscardHandler)
}

// runLogged is run with a log.
func runLogged(t testing.TB, opts app.Options, log slog.Handler) app.Ready {
	t.Helper()
	binary, err := exec.LookPath("mashang") // the test binary itself, under that name
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan app.Ready, 1)
	opts.Listen, opts.Demo, opts.Binary = "127.0.0.1:0", true, binary
	hub := app.New(opts, slog.New(log))
	go func() { ended <- hub.Run(ctx, func(r app.Ready) { ready <- r }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the hub ended with %v", err)
		}
	})
	select {
	case r := <-ready:
		return r
	case err := <-ended:
		ended <- nil
		t.Fatalf("the hub did not start: %v", err)
		return app.Ready{}
	}
}

// mashang runs a command and returns what it printed.
func mashang(t *testing.T, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := cli.Run(t.Context(), args, strings.NewReader(""), &out, &errOut); code != 0 {
		t.Fatalf("mashang %s: exit code %d\n%s%s", strings.Join(args, " "), code, &out, &errOut)
	}
	return out.String()
}

// await waits until done says so.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !done(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// A long road: real messages of a board become cases, and each case that the
// rules could place reaches its departments, and nobody else's.
func TestRealMessagesReachTheirDepartments(t *testing.T) {
	const file, messages = "../../../shared/data/replied.jsonl", 1784
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no real messages beside the checkout (../shared/data)")
	}
	dept := &receiver{cases: map[hub.CaseID]map[hub.DepartmentCode]bool{}}
	srv := httptest.NewServer(dept)
	defer srv.Close()
	url := start(t, t.TempDir(), city(t, srv.URL, true))
	seeded := map[hub.CaseID]bool{}
	for _, c := range netizenCases(t, url) {
		seeded[c.ID] = true
	}
	send := func(want string) {
		t.Helper()
		if got := mashang(t, "submit", "--url", url, "--channel", "netizen", "-o", "json", file); !strings.Contains(got, want) {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	send(fmt.Sprintf(`"accepted":%d,"duplicate":0,"refused":0`, messages))
	await(t, "a case for each message", func() bool { return count(t, url, "netizen", "") == len(seeded)+messages })
	send(fmt.Sprintf(`"accepted":0,"duplicate":%d`, messages))

	var ours []hub.Summary
	parts := 0
	for _, c := range netizenCases(t, url) {
		if !seeded[c.ID] {
			ours = append(ours, c)
			parts += len(c.Assignments)
		}
	}
	want := tally(ours, func(c hub.Summary) (ds []hub.DepartmentCode) {
		for _, a := range c.Assignments {
			ds = append(ds, a.Department)
		}
		return ds
	})
	await(t, "every part of a case at its department", func() bool { return sum(dept.tally(ours)) >= parts })
	if got := dept.tally(ours); !maps.Equal(got, want) {
		t.Errorf("the departments saw\n%v\nbut the list of cases has\n%v", got, want)
	}
	if n := count(t, url, "netizen", ""); n != len(seeded)+messages || len(ours) != messages {
		t.Errorf("%d cases, %d of them ours, after the file was sent again; want %d", n, len(ours), messages)
	}
	unrouted := 0
	for _, c := range ours {
		if len(c.Assignments) == 0 {
			unrouted++
		}
	}
	t.Logf("%d messages: %d cases, %d without a department, %d parts of %d departments, all seen: %v",
		messages, len(ours), unrouted, parts, len(want), want)
}

// netizenCases lists all cases of the board.
func netizenCases(t *testing.T, url string) []hub.Summary {
	t.Helper()
	var all []hub.Summary
	for {
		resp, err := http.Get(fmt.Sprintf("%s/api/v1/cases?channel=netizen&limit=500&offset=%d", url, len(all)))
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Cases []hub.Summary }
		err = json.NewDecoder(resp.Body).Decode(&list)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Cases) == 0 {
			return all
		}
		all = append(all, list.Cases...)
	}
}

// tally counts the cases of each department.
func tally(cases []hub.Summary, of func(hub.Summary) []hub.DepartmentCode) map[hub.DepartmentCode]int {
	counts := map[hub.DepartmentCode]int{}
	for _, c := range cases {
		for _, d := range of(c) {
			counts[d]++
		}
	}
	return counts
}

func sum(counts map[hub.DepartmentCode]int) (n int) {
	for _, v := range counts {
		n += v
	}
	return n
}

// tally counts which of the cases each department was pushed.
func (r *receiver) tally(cases []hub.Summary) map[hub.DepartmentCode]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return tally(cases, func(c hub.Summary) []hub.DepartmentCode { return slices.Collect(maps.Keys(r.cases[c.ID])) })
}

func count(t *testing.T, url, channel, status string) int {
	t.Helper()
	var list struct{ Total int }
	out := mashang(t, "case", "list", "--url", url, "--channel", channel, "--status", status, "--limit", "1", "-o", "json")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	return list.Total
}

// The story of one case, from a phone to the department and back.
func TestOneCaseFromPhoneToDepartment(t *testing.T) {
	dept := &receiver{cases: map[hub.CaseID]map[hub.DepartmentCode]bool{}}
	srv := httptest.NewServer(dept)
	defer srv.Close()
	url := start(t, t.TempDir(), city(t, srv.URL, true))
	body := `{"external_id":"story-1","title":"家里暖气不热","text":"朝阳小区3号楼暖气冰凉三天了，室温只有12度，家有老人","place":"620402001","phone":"19900000001"}`
	first, again := post(t, url+"/in/qr", body), post(t, url+"/in/qr", body)
	if first.Tracking == "" || first.Tracking != again.Tracking || first.Receipt != again.Receipt || first.Duplicate || !again.Duplicate {
		t.Fatalf("first %+v, again %+v", first, again)
	}
	var c struct{ Status hub.Status }
	await(t, "the department signs for it", func() bool {
		resp, err := http.Get(url + "/api/v1/cases/" + first.Tracking)
		if err != nil || resp.StatusCode != http.StatusOK {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		return json.Unmarshal(b, &c) == nil && c.Status == hub.StatusSigned
	})
	if got := mashang(t, "case", "history", "--url", url, first.Tracking); !strings.Contains(got, "签收") {
		t.Fatalf("history:\n%s", got)
	}
}

type acceptance struct {
	Receipt, Tracking string
	Duplicate         bool
}

func post(t *testing.T, url, body string) acceptance {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var a acceptance
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%s: %d %v", url, resp.StatusCode, err)
	}
	return a
}
