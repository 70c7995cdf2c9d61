package hub_test

import (
	"slices"
	"testing"

	"github.com/mashang-hub/mashang/hub"
)

func TestBudgetsCompareByLength(t *testing.T) {
	order := []string{"30m", "2h", "0wd", "1d", "1wd", "5d", "5wd", "60d"}
	slices.Reverse(order)
	got := slices.Clone(order)
	slices.SortFunc(got, func(a, b string) int {
		x, errX := hub.ParseBudget(a)
		y, errY := hub.ParseBudget(b)
		if errX != nil || errY != nil {
			t.Fatal(errX, errY)
		}
		return int(y.Length() - x.Length())
	})
	if !slices.Equal(got, order) {
		t.Errorf("longest first: %v, want %v", got, order)
	}
}
