package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub/seal"
)

func TestANewKeyGoesFirst(t *testing.T) {
	t.Setenv("MASHANG_KEYS_FILE", "")
	dir := t.TempDir()
	first, err := seal.Load("", filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	sealed := first.Seal("p", []byte("a"))
	var out bytes.Buffer
	run := func() int {
		return Run(t.Context(), []string{"keys", "add", "--data", dir, "--id", "k2"}, strings.NewReader(""), &out, &out)
	}
	if code := run(); code != exitOK {
		t.Fatal(code, out.String())
	}
	text, err := os.ReadFile(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	both, err := seal.Parse(string(text))
	if err != nil || both.Current() != "k2" {
		t.Fatal(both, err)
	}
	if plain, err := both.Open("p", sealed); string(plain) != "a" || err != nil {
		t.Errorf("%q, %v", plain, err)
	}
	if code := run(); code == exitOK {
		t.Error("the same id twice")
	}
}
