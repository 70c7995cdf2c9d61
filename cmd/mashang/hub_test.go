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
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
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

func (r *receiver) saw() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.cases)
}

// city copies the demo city with all departments pushed to url.
func city(t *testing.T, url string) fs.FS {
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
	config := fmt.Sprintf(`config: {auto_sign: true, url: %q, allow: ["127.0.0.0/8"], secret: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}`, url)
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
	binary, err := exec.LookPath("mashang") // the test binary itself, under that name
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan app.Ready, 1)
	opts.Listen, opts.Demo, opts.Binary = "127.0.0.1:0", true, binary
	hub := app.New(opts, slog.New(slog.DiscardHandler))
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
// rules could place reaches its department.
func TestRealMessagesReachTheirDepartments(t *testing.T) {
	const file = "../../../shared/data/replied.jsonl"
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no real messages beside the checkout (../shared/data)")
	}
	dept := &receiver{cases: map[hub.CaseID]map[hub.DepartmentCode]bool{}}
	srv := httptest.NewServer(dept)
	defer srv.Close()
	data := t.TempDir()
	url := start(t, data, city(t, srv.URL))
	before := count(t, url, "netizen", "")
	if got := mashang(t, "submit", "--url", url, "--channel", "netizen", "-o", "json", file); !strings.Contains(got, `"accepted":1784,"duplicate":0,"refused":0`) {
		t.Fatalf("first time: %s", got)
	}
	await(t, "1784 new cases", func() bool { return count(t, url, "netizen", "") == before+1784 })
	if got := mashang(t, "submit", "--url", url, "--channel", "netizen", "-o", "json", file); !strings.Contains(got, `"accepted":0,"duplicate":1784`) {
		t.Fatalf("second time: %s", got)
	}
	sorting := count(t, url, "netizen", "sorting")
	await(t, "every routed case at its department", func() bool { return dept.saw() >= 1784-sorting })
	if n := count(t, url, "netizen", ""); n != before+1784 {
		t.Fatalf("%d cases after the file was sent again, want %d", n, before+1784)
	}
	t.Logf("1784 messages: %d cases new, %d at the sorting desk, %d cases seen by departments", 1784, sorting, dept.saw())
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
	url := start(t, t.TempDir(), city(t, srv.URL))
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
