package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/cmd/mashang/app"
	"github.com/mashang-hub/mashang/cmd/mashang/cli"
	"github.com/mashang-hub/mashang/configs"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/process/journal"
	"github.com/mashang-hub/mashang/plugins/host"
)

// written is the lines of a page, below one another.
func written(p journal.Page) string {
	var b strings.Builder
	for _, l := range p.Lines {
		b.WriteString(string(l.Level) + " " + l.Text + "\n")
	}
	return b.String()
}

// inOrder reports whether text holds words, one after the other.
func inOrder(text string, words ...string) bool {
	for _, w := range words {
		_, after, ok := strings.Cut(text, w)
		if !ok {
			return false
		}
		text = after
	}
	return true
}

// A plugin that wrote a citizen's number and crashed has its last words in its
// log when it runs again, and the number is hidden.
func TestTheLastWordsOfAPluginAreInItsLog(t *testing.T) {
	binary, err := exec.LookPath("mashang")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	j, err := journal.Open(filepath.Join(t.TempDir(), "heating.jsonl"), journal.Most{}, hub.ClockFunc(time.Now), log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	p := host.New(host.Spec{
		Department: "heating", Config: json.RawMessage(`{"auto_sign":true}`), Stderr: j,
		Command: []string{"sh", "-c", `echo '{"@level":"warn","@message":"已拨 13912341234"}' >&2; exec "$0" plugin heating`, binary},
		Timing:  host.Timing{BackOff: 20 * time.Millisecond, Beat: 100 * time.Millisecond},
	}, log)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	defer func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	await(t, "the plugin to run", func() bool { return p.State().Status == host.Running })
	pid := p.State().PID
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil { // a Go program says where it stood, and ends
		t.Fatal(err)
	}
	await(t, "the plugin to run again", func() bool { s := p.State(); return s.Status == host.Running && s.PID != pid })
	var text string
	await(t, "its news", func() bool {
		page, err := j.Page(journal.Query{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		text = written(page)
		return strings.Count(text, "info plugin runs") == 2
	})
	if !inOrder(text, "warn 已拨 139****1234", "info plugin runs", "error SIGQUIT: quit", "error goroutine ", "warn plugin is down", "warn 已拨 139****1234", "info plugin runs") {
		t.Errorf("the log:\n%s", text)
	}
	if strings.Contains(text, "13912341234") {
		t.Errorf("a number is shown:\n%s", text)
	}
}

// The running hub answers for each department's plugin, on the command line
// and with the exit codes of the house, and its disk has the same.
func TestPluginLogsOfARunningHub(t *testing.T) {
	data := t.TempDir()
	base := run(t, app.Options{Data: data, City: configs.Baiyin()}).URL
	logs := func(args ...string) (page journal.Page) {
		t.Helper()
		out := mashang(t, append(strings.Fields("plugin logs housing -o json --url "+base), args...)...)
		if err := json.Unmarshal([]byte(out), &page); err != nil {
			t.Fatal(err, out)
		}
		return page
	}
	await(t, "the plugin's news", func() bool { return strings.Contains(written(logs()), "info plugin runs") })
	mashang(t, "plugin", "restart", "housing", "--url", base)
	await(t, "the restart's news", func() bool { return strings.Count(written(logs()), "info plugin runs") == 2 })
	if got := logs("--level", "warn", "--limit", "1"); !strings.HasPrefix(written(got), "warn plugin is down") {
		t.Errorf("warnings: %+v", got)
	}
	last := logs("--limit", "1")
	if last.Before == 0 || len(logs("--before", fmt.Sprint(last.Before)).Lines) == 0 {
		t.Errorf("no page before %+v", last)
	}
	if out := mashang(t, "plugin", "logs", "housing", "--level", "error", "--url", base); out != "没有这样的日志。\n" {
		t.Errorf("nothing is said as %q", out)
	}
	if file, err := os.ReadFile(filepath.Join(data, "logs", "plugins", "housing.jsonl")); err != nil || !strings.Contains(string(file), "plugin is down") {
		t.Errorf("on disk: %s %v", file, err)
	}
	for args, want := range map[string]int{
		"nobody": 1, "housing --level loud": 2, "housing --limit 0": 2, "housing --follow --before 3": 2, "": 2, "housing --url http://127.0.0.1:1": 3,
	} {
		run := append(strings.Fields("plugin logs --url "+base), strings.Fields(args)...)
		if got := cli.Run(t.Context(), run, strings.NewReader(""), io.Discard, io.Discard); got != want {
			t.Errorf("plugin logs %s: exit code %d, want %d", args, got, want)
		}
	}
	for _, query := range []string{"level=loud", "limit=0", "limit=1001", "before=x", "after=-1"} {
		resp, err := http.Get(base + "/api/v1/plugins/housing/logs?" + query)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", query, resp.StatusCode)
		}
	}
	t.Run("is followed", func(t *testing.T) { followed(t, base) })
}

// Who follows a log reads what is written while they look, each line once, and
// leaves without a failure.
func followed(t *testing.T, base string) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var out loudspeaker
	left := make(chan int, 1)
	go func() {
		left <- cli.Run(ctx, strings.Fields("plugin logs housing --follow -o json --url "+base), strings.NewReader(""), &out, io.Discard)
	}()
	await(t, "what was there", func() bool { return strings.Count(out.String(), "plugin runs") == 2 })
	mashang(t, "plugin", "restart", "housing", "--url", base)
	await(t, "what came later", func() bool { return strings.Count(out.String(), "plugin runs") == 3 })
	leave()
	if code := <-left; code != 0 {
		t.Errorf("exit code %d", code)
	}
	seen := int64(0)
	for text := range strings.Lines(out.String()) {
		var l journal.Line
		if err := json.Unmarshal([]byte(text), &l); err != nil || l.Seq <= seen {
			t.Errorf("after line %d: %s %v", seen, text, err)
		}
		seen = l.Seq
	}
}
