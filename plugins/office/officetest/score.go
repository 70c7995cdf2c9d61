package officetest

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/plugins"
)

// Marks (评分) are how well one kind of fact was read from labelled messages.
type Marks struct{ Right, Wrong, Missed int }

// Precision is the share of what was read that is right, 1 for nothing.
func (m Marks) Precision() float64 { return share(m.Right, m.Right+m.Wrong) }

// Recall is the share of what there is to read that was read, 1 for nothing.
func (m Marks) Recall() float64 { return share(m.Right, m.Right+m.Missed) }

func share(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

// none and unsure are what a label says of a fact that is not there and of one
// that its labeller would not decide.
const none, unsure = "-", "?"

// Score reads the real messages that testdata/real.tsv labels, and logs and
// returns the marks of each column. A label lists what is accepted, separated by
// "/"; names are kept as the beginning of their SHA-256, so that no message is
// copied. facts turns a receipt into columns. It skips without the messages.
func Score(t *testing.T, d plugins.Department, facts func(column string, read map[string]string) string) map[string]Marks {
	t.Helper()
	texts := messages(t)
	if err := d.Configure(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("testdata/real.tsv")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(raw)), "\n")
	columns := strings.Split(rows[0], "\t")
	marks := map[string]Marks{}
	for _, row := range rows[1:] {
		cells := strings.Split(row, "\t")
		text, ok := texts[cells[0]]
		if !ok {
			t.Fatalf("no message %s", cells[0])
		}
		read := Deliver(t, d, text).Facts
		for i, c := range columns[1:] {
			got := facts(c, read)
			marks[c] = marks[c].add(cells[i+1], got)
			if os.Getenv("MASHANG_SHOW_MISSES") != "" && cells[i+1] != unsure && !accepted(cells[i+1], got) {
				t.Logf("%s %s: read %q, labelled %s", cells[0], c, got, cells[i+1])
			}
		}
	}
	for _, c := range columns[1:] {
		m := marks[c]
		t.Logf("%-9s precision %.2f recall %.2f (%d right, %d wrong, %d missed of %d messages)",
			c, m.Precision(), m.Recall(), m.Right, m.Wrong, m.Missed, len(rows)-1)
	}
	return marks
}

// add counts one reading against its label.
func (m Marks) add(label, got string) Marks {
	switch {
	case label == unsure:
	case accepted(label, got):
		if label != none {
			m.Right++
		}
	default:
		if got != "" {
			m.Wrong++
		}
		if label != none {
			m.Missed++
		}
	}
	return m
}

func accepted(label, got string) bool {
	if label == none {
		return got == ""
	}
	sum := sha256.Sum256([]byte(got))
	all := strings.Split(label, "/")
	return got != "" && (slices.Contains(all, got) || slices.Contains(all, hex.EncodeToString(sum[:5])))
}

// messages reads the real messages by number, title and text in one.
func messages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range []string{"labelled", "hot", "replied"} {
		f, err := os.Open(filepath.Join("../../../shared/data", name+".jsonl"))
		if err != nil {
			f, err = os.Open(filepath.Join("../../../../shared/data", name+".jsonl")) // a checkout may lie deeper
		}
		if err != nil {
			t.Skipf("no real messages beside the checkout: %v", err)
		}
		s := bufio.NewScanner(f)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			var m map[string]string
			if err := json.Unmarshal(s.Bytes(), &m); err != nil {
				t.Fatal(err)
			}
			if _, known := out[m["留言编号"]]; !known {
				out[m["留言编号"]] = m["留言主题"] + "。" + m["留言详情"]
			}
		}
		_ = f.Close()
	}
	return out
}

// AtLeast fails where marks fall below what was reached: precision and recall of
// each column.
func AtLeast(t *testing.T, got map[string]Marks, want map[string][2]float64) {
	t.Helper()
	for column, w := range want {
		if m := got[column]; m.Precision() < w[0] || m.Recall() < w[1] {
			t.Errorf("%s: precision %.2f, recall %.2f; want %.2f and %.2f", column, m.Precision(), m.Recall(), w[0], w[1])
		}
	}
}
