package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheFolderOfSocketsIsSweptAndUsedAgain(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	first, err := runDir("data")
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(first, "heating", "plugin1")
	if err := os.MkdirAll(left, 0o700); err != nil { // as after kill -9
		t.Fatal(err)
	}
	again, err := runDir("data")
	if err != nil || again != first {
		t.Fatalf("got %s, %v; want %s again", again, err, first)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what was left is still there: %v", err)
	}
	if other, err := runDir("other"); err != nil || other == first {
		t.Errorf("two data folders share %s, %v", other, err)
	}
}

func TestAFolderOfSomebodyElseIsNotUsed(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	first, err := runDir("data")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	if err := os.Symlink(elsewhere, first); err != nil {
		t.Fatal(err)
	}
	got, err := runDir("data")
	if err != nil || got == first || strings.HasPrefix(got, elsewhere) {
		t.Errorf("got %s, %v", got, err)
	}
}
