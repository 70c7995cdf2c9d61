package housing_test

import (
	"log/slog"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/housing"
	"github.com/mashang-hub/mashang/plugins/office"
	"github.com/mashang-hub/mashang/plugins/office/officetest"
)

func department() *office.Department {
	return housing.New(hub.ClockFunc(officetest.Said), slog.New(slog.DiscardHandler))
}

func TestCorpus(t *testing.T) {
	officetest.Corpus(t, department(), "matter", "issue", "compound", "building", "unit", "room", "households", "years", "since",
		"company", "developer", "danger")
}

// TestRealMessages holds what was reached on sixty messages. They were labelled
// before the reader saw them; it then read matter at 0.73, compounds at 0.79
// (recall 0.68) and buildings without a fault, and was mended since, so that
// these are no longer the marks of a stranger's text.
func TestRealMessages(t *testing.T) {
	got := officetest.Score(t, department(), func(column string, read map[string]string) string { return read[column] })
	officetest.AtLeast(t, got, map[string][2]float64{"matter": {0.8, 0.8}, "compound": {0.9, 0.7}, "building": {0.95, 0.95}})
}
