package all_test

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins"
	"github.com/mashang-hub/mashang/plugins/all"
	"github.com/mashang-hub/mashang/plugins/plugintest"
)

func TestConformance(t *testing.T) {
	for _, kind := range all.Kinds() {
		t.Run(kind, func(t *testing.T) {
			plugintest.Run(t, plugintest.Suite{
				New: func(t *testing.T) plugins.Department {
					t.Helper()
					d, ok := all.Department(kind, hub.ClockFunc(time.Now), slog.New(slog.DiscardHandler))
					if !ok {
						t.Fatalf("no department %q", kind)
					}
					return d
				},
				Config: json.RawMessage(`{"auto_sign":true}`),
			})
		})
	}
}

func TestUnknownKind(t *testing.T) {
	if _, ok := all.Department("no-such", nil, nil); ok || all.Has("no-such") || !all.Has("relay") {
		t.Error("an unknown kind was found, or relay was not")
	}
}
