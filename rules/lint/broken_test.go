package lint_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/layout"
	"github.com/mashang-hub/mashang/rules/lint"
)

// TestBrokenFilesNeverPanic checks, draws, mends and formats files with
// characters cut out, doubled and swapped.
func TestBrokenFilesNeverPanic(t *testing.T) {
	data, err := os.ReadFile("../../configs/baiyin/rules/供暖.yaml")
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 6))
	whole := []rune(string(data))
	for range 150 {
		text := slices.Clone(whole)
		for range 1 + r.IntN(3) {
			i, j := r.IntN(len(text)), r.IntN(len(text))
			switch r.IntN(3) {
			case 0:
				text = slices.Delete(text, i, min(i+5, len(text)))
			case 1:
				text[i], text[j] = text[j], text[i]
			case 2:
				text = slices.Insert(text, i, []rune("|>\n\t&*[]{}:#'\"-")[r.IntN(15)])
			}
		}
		files := folder(string(text))
		report, err := lint.Folder(files, nil, nil)
		if err != nil {
			continue
		}
		for _, f := range report.Findings {
			_ = f.Caret()
		}
		set, _, err := rules.Inspect(files, nil)
		if err != nil {
			continue
		}
		_, _ = layout.Format([]byte(string(text)), set.Format)
		_, _, _ = lint.Fix(set, []byte(string(text)), report.Findings)
	}
}
