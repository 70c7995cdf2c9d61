package adaptertest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/hub"
)

// lossy forgets the reporter's phone and answers before it hands in.
type lossy struct{ in adapters.Intake }

func (l lossy) Run(context.Context) error { return nil }

func (l lossy) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s := hub.Submission{Channel: "lossy", ExternalID: "1", Raw: body, Content: hub.Content{Text: "冷"}}
		_, _ = l.in.Accept(r.Context(), []hub.Submission{s})
		adapters.WriteAccepted(w, hub.Acceptance{Receipt: "r_1", Case: "BY1"})
	})
}

func TestSuiteFailsALossyAdapter(t *testing.T) {
	got := strings.Join(adaptertest.Check(adaptertest.Suite{
		Spec: adapters.Spec{Kind: "lossy", New: func(_ adapters.Config, in adapters.Intake, _ adapters.Deps) (adapters.Adapter, error) {
			return lossy{in}, nil
		}},
		Good: adaptertest.Sample{MediaType: "application/json", Body: "{}"},
		Want: hub.Submission{Content: hub.Content{Text: "冷", Reporter: hub.Reporter{Phone: "139"}}},
		Bad:  []adaptertest.Sample{{MediaType: "application/json", Body: "{"}},
	}), "\n")
	for _, want := range []string{"want 503", "Phone is", "and duplicate", "want 4xx", "want 401"} {
		if !strings.Contains(got, want) {
			t.Errorf("the suite did not notice %q; it said:\n%s", want, got)
		}
	}
}
