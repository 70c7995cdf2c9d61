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
	asker  string         // the node that asked last
	streak int            // how often it asked with no other node between
	times  map[string]int // how often each node asked
}

func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	node := r.Header.Get("X-Node")
	if b.times[node]++; node != b.asker {
		b.asker, b.streak = node, 0
	}
	b.streak++
	cursor := 0
	_, _ = fmt.Sscan(r.URL.Query().Get("after"), &cursor)
	w.Header().Set("Content-Type", "application/json")
	if cursor >= 100 { // there is no more to read
		_, _ = fmt.Fprint(w, `{"items":[]}`)
		return
	}
	_, _ = fmt.Fprintf(w, `{"items":[{"id":%d,"nr":"路灯不亮，第%d件"}]}`, cursor+1, cursor+1)
}

// reader is the node that asked last, and how often with no other between.
func (b *board) reader() (node string, streak int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asker, b.streak
}

// forget begins the streak anew.
func (b *board) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asker, b.streak = "", 0
}

func (b *board) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("asked by %v, last by %s %d times running", b.times, b.asker, b.streak)
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
// source, and when it is killed the other goes on behind it. Which of them
// reads is theirs to settle: a node whose machine stalls gives the source away.
func TestOneNodePollsAndAnotherTakesOver(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three hubs")
	}
	source := &board{times: map[string]int{}}
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
	nodes := map[string]*exec.Cmd{}
	for _, name := range []string{"first", "second"} {
		nodes[name] = polling(t, name, city, keys, one)
	}
	t.Cleanup(func() { t.Log(source) })
	source.forget()
	await(t, "thirty rounds of one node with none of the other between", func() bool { _, n := source.reader(); return n >= 30 })
	reader, _ := source.reader()
	if err := nodes[reader].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	await(t, "the other node polls", func() bool { node, n := source.reader(); return node != reader && n >= 3 })
	list := mashang(t, "case", "list", "--channel", "luntan", "--limit", "500", "--url", one.URL)
	if strings.Count(list, "第1件") != 1 {
		t.Errorf("the first message is not one case:\n%s", list)
	}
}
