package drop_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/relay/drop"
)

func TestOneFileADayOneLineAMessage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "notices")
	d, err := drop.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	evening := time.Date(2026, 11, 23, 15, 59, 0, 0, time.UTC) // 23:59 in China
	for i, at := range []time.Time{evening, evening, evening.Add(2 * time.Minute)} {
		if r := d.Send(t.Context(), drop.Line{ID: string(rune('a' + i)), At: at, Text: "已办结"}); r.Outcome != hub.Delivered {
			t.Fatal(r)
		}
	}
	for day, want := range map[string]int{"2026-11-23": 2, "2026-11-24": 1} {
		data, err := os.ReadFile(filepath.Join(dir, day+".jsonl"))
		if err != nil || strings.Count(string(data), "\n") != want {
			t.Errorf("%s: %q, %v", day, data, err)
		}
	}
	if _, err := drop.New("notices"); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("a folder that is none: %v", err)
	}
	blocked, err := drop.New(filepath.Join(dir, "2026-11-23.jsonl")) // a file, no folder
	if err != nil {
		t.Fatal(err)
	}
	if r := blocked.Send(t.Context(), drop.Line{At: evening}); r.Outcome != hub.RetryLater {
		t.Errorf("%+v", r)
	}
}
