package deadlines

import "testing"

// The benchmark itself, small: every clock fires once, from several nodes.
func TestEveryClockFiresOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a database")
	}
	var said []string
	res, err := Run(t.Context(), Config{Rows: 3000, Claimers: 3, rounds: 2, Progress: func(format string, _ ...any) { said = append(said, format) }})
	if err != nil {
		t.Fatal(err)
	}
	if res.Twice != 0 || res.Missed != 0 {
		t.Errorf("%d fired twice, %d missed", res.Twice, res.Missed)
	}
	if res.FiredPerS <= 0 || res.Climbed <= 0 || res.Claim10k <= 0 || res.Claim1m <= 0 || res.Held <= 0 || len(said) == 0 {
		t.Errorf("an empty figure: %+v", res)
	}
}
