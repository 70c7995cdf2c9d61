// Package officetest reads what a department reads: a corpus of invented texts
// that must come out exactly, and real messages whose labels only tell how well
// it does.
//
// It knows no department. Start with [Corpus] and [Score].
package officetest

import (
	"bufio"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/reading"
	"github.com/mashang-hub/mashang/plugins"
)

// Said is when the texts of a corpus were said: six in the evening of a Sunday
// in November, in Beijing.
func Said() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

// Deliver hands one text to d as a new case and returns the receipt.
func Deliver(t *testing.T, d plugins.Department, text string) hub.Receipt {
	t.Helper()
	got, err := d.Deliver(t.Context(), []hub.Alert{{
		ID: "a", Case: "c", Event: hub.Assigned, Role: hub.RoleLead, At: Said(), Content: hub.Content{Text: text},
	}})
	if err != nil || len(got) != 1 || got[0].Outcome != hub.Delivered {
		t.Fatalf("%s: %+v, %v", text, got, err)
	}
	return got[0]
}

// Corpus reads testdata/corpus.txt: one text a line, then "|" and the facts
// that must be read from it, no more and no fewer of those in keys; "critical"
// among them asks for the third rung.
func Corpus(t *testing.T, d plugins.Department, keys ...string) {
	t.Helper()
	if err := d.Configure(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	n := 0
	for text, want := range lines(t, "testdata/corpus.txt") {
		n++
		r := Deliver(t, d, text)
		got := map[string]string{}
		for k, v := range r.Facts {
			if slices.Contains(keys, k) {
				got[k] = v
			}
			if words, ok := strings.CutSuffix(k, reading.FromSuffix); ok && !from(text, v) {
				t.Errorf("%s: %s is said to be read from %q", text, words, v)
			}
		}
		if r.Critical {
			got["critical"] = ""
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	if n < 60 {
		t.Errorf("only %d texts", n)
	}
}

// from reports whether all the words of a fact stand in the text.
func from(text, words string) bool {
	plain := reading.Text(hub.Content{Text: text})
	for w := range strings.SplitSeq(words, "、") {
		if !strings.Contains(plain, w) && !strings.Contains(plain, words) {
			return false
		}
	}
	return true
}

// lines reads the texts of a corpus with their facts.
func lines(t *testing.T, name string) func(func(string, map[string]string) bool) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	var order []string
	for s := bufio.NewScanner(f); s.Scan(); {
		text, facts, ok := strings.Cut(s.Text(), "|")
		if !ok {
			continue
		}
		want := map[string]string{}
		for field := range strings.FieldsSeq(facts) {
			k, v, _ := strings.Cut(field, "=")
			want[k] = v
		}
		text = strings.TrimSpace(text)
		order, all[text] = append(order, text), want
	}
	if err := f.Close(); err != nil || len(all) != len(order) {
		t.Fatalf("%s: %v, %d of %d texts differ", name, err, len(all), len(order))
	}
	return func(yield func(string, map[string]string) bool) {
		for _, text := range order {
			if !yield(text, maps.Clone(all[text])) {
				return
			}
		}
	}
}
