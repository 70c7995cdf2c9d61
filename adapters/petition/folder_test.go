package petition_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/petition"
)

// await runs the adapter until a file of this name appears in dir.
func await(t *testing.T, a adapters.Adapter, dir, name string) {
	t.Helper()
	w, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := errors.Join(os.MkdirAll(dir, 0o750), w.Add(dir)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	for {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			break
		}
		select {
		case <-w.Events:
		case <-ctx.Done():
			t.Fatalf("%s did not appear", name)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestFilesAndReceipts(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.csv", "信访编号,内容\nX1,拖欠工资\nX2,\nX1,拖欠工资\n")
	write("b.jsonl", "{\n")
	in := &adaptertest.Intake{}
	s := adaptertest.Suite{Spec: petition.Spec(), Options: options + "folder: .\nsettle: 0s\nevery: 5ms"}
	s.Deps.Dir = dir
	a, err := s.New(in)
	if err != nil {
		t.Fatal(err)
	}

	await(t, a, filepath.Join(dir, "failed"), "b.jsonl")
	data, err := os.ReadFile(filepath.Join(dir, "a.csv.receipt.json"))
	if err != nil {
		t.Fatal(err)
	}
	var slip adapters.Slip
	if err := json.Unmarshal(data, &slip); err != nil {
		t.Fatal(err)
	}
	r := slip.Results
	if len(r) != 3 || r[0].Tracking == "" || r[1].Error == "" || r[2].Tracking != r[0].Tracking || !r[2].Duplicate {
		t.Errorf("receipt %+v", slip)
	}
	for _, name := range []string{"processed/a.csv", "failed/b.jsonl.reason.txt", "b.jsonl.receipt.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}
