package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
)

// A board is another system that is polled by page; it notes by whom.
type board struct {
	mu     sync.Mutex
	askers map[string]int
}

func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.askers[r.Header.Get("X-Node")]++
	cursor := 0
	_, _ = fmt.Sscan(r.URL.Query().Get("after"), &cursor)
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"items":[{"id":%d,"nr":"路灯不亮，第%d件"}]}`, cursor+1, cursor+1)
}

// asked is how often a node asked, and how many nodes did.
func (b *board) asked(node string) (times, nodes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.askers[node], len(b.askers)
}

// forget begins to count anew.
func (b *board) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.askers = map[string]int{}
}

const polled = `code: luntan
name: 论坛
kind: poll
enabled: true
options:
  url: %s/?after={cursor}
  start: "0"
  cursor: last.id
  more: "false"
  every: 100ms
  headers: {X-Node: "${MASHANG_NODE:-nobody}"}
  allow: ["127.0.0.0/8"]
decode: {items: items}
map: {external_id: id, text: nr}
`

// polling starts a node that polls, as a process that can be killed.
func polling(t *testing.T, name, city string, keys []byte, one app.Ready) *exec.Cmd {
	t.Helper()
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "keys"), keys, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "mashang", "demo", "--config", city, "--data", data, "--listen", "127.0.0.1:0",
		"--kafka", one.Kafka, "--postgres", one.Postgres, "-o", "json")
	cmd.Env, cmd.Stderr = append(os.Environ(), "MASHANG_NODE="+name), os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var ready struct{ URL string }
	if err := json.NewDecoder(out).Decode(&ready); err != nil || ready.URL == "" {
		t.Fatalf("node %s did not start: %v", name, err)
	}
	return cmd
}

// Two nodes as processes of their own on one database: one of them reads the
// source, and when it is killed the other goes on behind it.
func TestOneNodePollsAndAnotherTakesOver(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three hubs")
	}
	source := &board{askers: map[string]int{}}
	server := httptest.NewServer(source)
	t.Cleanup(server.Close)
	plain, city := folderCity(t), folderCity(t)
	if err := os.WriteFile(filepath.Join(city, "channels", "luntan.yaml"), fmt.Appendf(nil, polled, server.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	one := run(t, app.Options{Data: data, City: os.DirFS(plain)})
	keys, err := os.ReadFile(filepath.Join(data, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	first := polling(t, "first", city, keys, one)
	polling(t, "second", city, keys, one)
	source.forget()
	await(t, "thirty rounds of the first node", func() bool { n, _ := source.asked("first"); return n >= 30 })
	if _, nodes := source.asked("first"); nodes != 1 {
		t.Errorf("%d nodes polled at the same time", nodes)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	await(t, "the second node polls", func() bool { n, _ := source.asked("second"); return n >= 3 })
	list := mashang(t, "case", "list", "--channel", "luntan", "--limit", "500", "--url", one.URL)
	if strings.Count(list, "第1件") != 1 {
		t.Errorf("the first message is not one case:\n%s", list)
	}
}
