package bench_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/rules/bench"
)

// TestRunIsTheSameAsTheLoop measures small sets; the bars are measured by
// mashang rules bench on a quiet machine.
func TestRunIsTheSameAsTheLoop(t *testing.T) {
	o := bench.Default()
	o.Rules, o.Cases = []int{50, 500}, 64
	r, err := bench.Run(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r.Runs {
		if x.Differences != 0 || x.IndexNS <= 0 || x.NaiveNS <= x.IndexNS || x.Matches == 0 {
			t.Errorf("%+v", x)
		}
	}
	data, err := json.Marshal(r)
	if err != nil || !strings.HasPrefix(string(data), `{"runs":[{"rules":50,"naive_ns":`) {
		t.Errorf("%s %v", data, err)
	}
	var b bytes.Buffer
	r.Write(&b)
	t.Log(b.String())
}

func BenchmarkMatch(b *testing.B) {
	o := bench.Default()
	for b.Loop() {
		r, err := bench.Run(o)
		if err != nil {
			b.Fatal(err)
		}
		for _, x := range r.Runs {
			b.Logf("%+v", x)
		}
	}
}
