package journal_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/process/journal"
)

func open(t *testing.T, path string, most journal.Most) *journal.Journal {
	t.Helper()
	noon := hub.ClockFunc(func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) })
	j, err := journal.Open(path, most, noon, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func say(t *testing.T, j *journal.Journal, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if n, err := j.Write([]byte(l)); n != len(l) || err != nil {
			t.Fatal(n, err)
		}
	}
}

func page(t *testing.T, j *journal.Journal, q journal.Query) journal.Page {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 1000
	}
	p, err := j.Page(q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func seqs(p journal.Page) string {
	var out []string
	for _, l := range p.Lines {
		out = append(out, fmt.Sprint(l.Seq))
	}
	return strings.Join(out, " ") + fmt.Sprintf(" <%d", p.Before)
}

// Every way in which programs name a level is known, and a crash is an error
// to its last line.
func TestALineKeepsItsLevelAndLosesItsNumbers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "logs", "water.jsonl")
	j := open(t, path, journal.Most{})
	for _, c := range []struct {
		line  string
		level journal.Level
		text  string
	}{
		{`{"@level":"warn","@message":"回访失败","@timestamp":"2026-11-24T12:00:00.000000Z","phone":13912341234,"tries":3}`, journal.Warn, "回访失败 phone=139****1234 tries=3"},
		{`{"time":"2026","level":"DEBUG","msg":"联系 139 1234 1234"}`, journal.Debug, "联系 139******1234"},
		{"[ERROR] 身份证620402198001011234", journal.Error, "身份证6****************4"},
		{"WARNING:root:disk", journal.Warn, "WARNING:root:disk"},
		{"listening", journal.Info, "listening"},
		{`{"@message":1,"@level":[]}`, journal.Info, "1"},
		{"\x1b[31mred\x07", journal.Info, "[31mred"},
		{"Traceback (most recent call last):", journal.Error, "Traceback (most recent call last):"},
		{"  File plugin.py", journal.Error, "File plugin.py"},
		{"[INFO] up again", journal.Info, "[INFO] up again"},
		{"fine", journal.Info, "fine"},
	} {
		say(t, j, c.line)
		p := page(t, j, journal.Query{})
		got := p.Lines[len(p.Lines)-1]
		if got.Level != c.level || !strings.HasSuffix(got.Text, c.text) || strings.ContainsAny(got.Text, "\x1b\x07") {
			t.Errorf("%s: %+v", c.line, got)
		}
	}
	say(t, j, "", "\n")
	if p := page(t, j, journal.Query{Level: journal.Error}); seqs(p) != "3 8 9 <0" {
		t.Errorf("errors: %s", seqs(p))
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), "13912341234") || strings.Contains(string(text), "620402198001011234") {
		t.Errorf("%v, the file has a number:\n%s", err, text)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// A long line is cut after its numbers were hidden: half a number would pass.
func TestALongLineIsCutAfterItIsMasked(t *testing.T) {
	t.Parallel()
	j := open(t, filepath.Join(t.TempDir(), "l"), journal.Most{})
	say(t, j, strings.Repeat("x", 4096-10)+"13912341234"+strings.Repeat("水", 9000))
	if got := page(t, j, journal.Query{}).Lines[0].Text; len(got) > 4100 || strings.Contains(got, "1391234") {
		t.Errorf("%d bytes, end %s", len(got), got[4000:])
	}
}

// Pages lead back through memory into the files and forward again, each line
// once.
func TestPagesReachBeyondMemoryAndOverRestarts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "l")
	most := journal.Most{Lines: 3}
	j := open(t, path, most)
	if p := page(t, j, journal.Query{}); p.Lines == nil || len(p.Lines) != 0 {
		t.Errorf("an empty journal: %+v", p)
	}
	for i := range 7 {
		say(t, j, map[bool]string{true: "[WARN] ", false: "[INFO] "}[i%2 == 0]+"a")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(`{"seq":8,"te`) // the hub was killed here
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	j = open(t, path, most)
	say(t, j, "[INFO] b")
	for _, c := range []struct {
		q    journal.Query
		want string
	}{
		{journal.Query{Limit: 2}, "7 8 <7"},
		{journal.Query{Limit: 3, Before: 7}, "4 5 6 <4"},
		{journal.Query{Limit: 3, Before: 4}, "1 2 3 <0"},
		{journal.Query{Limit: 2, Level: journal.Warn}, "5 7 <5"},
		{journal.Query{Limit: 2, Level: journal.Warn, Before: 5}, "1 3 <0"},
		{journal.Query{Limit: 3, After: 2}, "3 4 5 <0"},
		{journal.Query{Limit: 3, After: 5}, "6 7 8 <0"},
		{journal.Query{Limit: 3, After: 8}, " <0"},
	} {
		if got := seqs(page(t, j, c.q)); got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
}

// A program that writes without end keeps neither memory nor disk.
func TestAFloodFillsNeitherMemoryNorDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	most := journal.Most{Lines: 100, Bytes: 20_000, FileBytes: 50_000}
	j := open(t, filepath.Join(dir, "l"), most)
	for i := range 5000 {
		say(t, j, fmt.Sprintf("%d %s", i, strings.Repeat("洪", 300)))
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Size() > int64(most.FileBytes) || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f.Name(), info, err)
		}
	}
	p := page(t, j, journal.Query{})
	bytes := 0
	for _, l := range p.Lines {
		bytes += len(l.Text)
	}
	if bytes > 3*most.FileBytes || p.Lines[len(p.Lines)-1].Seq != 5000 {
		t.Errorf("%d bytes in %d lines", bytes, len(p.Lines))
	}
	if lines, bytes := j.Held(); lines > most.Lines || bytes > most.Bytes || lines == 0 {
		t.Errorf("memory holds %d lines of %d bytes", lines, bytes)
	}
}

// A disk that does not take the lines is told once and tried again.
func TestWithoutADiskMemoryGoesOn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "logs")
	path := filepath.Join(dir, "l")
	var told strings.Builder
	j, err := journal.Open(path, journal.Most{FileBytes: 200}, hub.ClockFunc(time.Now), slog.New(slog.NewTextHandler(&told, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for range 9 {
		say(t, j, "[WARN] "+strings.Repeat("y", 100)) // the full file cannot be put aside
	}
	if n := strings.Count(told.String(), "in memory only"); n < 1 || n > 2 {
		t.Errorf("told %d times: %s", n, told.String())
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	say(t, j, "back")
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "back") {
		t.Errorf("%s %v", text, err)
	}
	if p, err := j.Page(journal.Query{Limit: 20}); err != nil || len(p.Lines) != 10 {
		t.Errorf("%+v %v", p, err)
	}
}

// BenchmarkWrite is what one line costs whoever reads a plugin's log.
func BenchmarkWrite(b *testing.B) {
	j, err := journal.Open(filepath.Join(b.TempDir(), "l"), journal.Most{}, hub.ClockFunc(time.Now), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	line := []byte(`{"@level":"warn","@message":"回访失败","@timestamp":"2026-11-24T12:00:00.000000Z","phone":"13912341234","tries":3}`)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = j.Write(line)
	}
}
