package heating_test

import (
	"log/slog"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/heating"
	"github.com/mashang-hub/mashang/plugins/office"
	"github.com/mashang-hub/mashang/plugins/office/officetest"
)

func department() *office.Department {
	return heating.New(hub.ClockFunc(officetest.Said), slog.New(slog.DiscardHandler))
}

func TestCorpus(t *testing.T) {
	officetest.Corpus(t, department(), "compound", "building", "unit", "room", "station", "temperature", "since", "trouble", "scope",
		"households", "vulnerable")
}

// TestRealMessages has six only: the city that they are from has no heating.
func TestRealMessages(t *testing.T) {
	officetest.Score(t, department(), func(column string, read map[string]string) string { return read[column] })
}
