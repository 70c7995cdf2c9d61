package hub_test

import (
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
)

func TestHeadlineIsTheFirstLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"  路灯坏了 \n三天没人修":        "路灯坏了",
		strings.Repeat("冷", 30): strings.Repeat("冷", 30),
		strings.Repeat("冷", 31): strings.Repeat("冷", 29) + "…",
	} {
		if got := hub.Headline(text); got != want {
			t.Errorf("headline of %q is %q, want %q", text, got, want)
		}
	}
}
