package adaptertest_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/hub"
)

// forgetful hands in properly, but answers 202 whatever the Intake says.
type forgetful struct{ in adapters.Intake }

func (f forgetful) Run(ctx context.Context) error { <-ctx.Done(); return nil }

func (f forgetful) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id, _, _ := strings.Cut(string(body), " ")
		s := hub.Submission{Channel: "forgetful", ExternalID: id, Raw: body, Content: hub.Content{Text: "冷"}}
		_, _ = f.in.Accept(r.Context(), []hub.Submission{s})
		adapters.WriteAccepted(w, hub.Acceptance{Receipt: "r_1", Case: "BY1"})
	})
}

// swapped keeps the first of two and hands it in after the second.
type swapped struct {
	forgetful
	held *hub.Submission
}

func (f *swapped) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id, text, _ := strings.Cut(string(body), " ")
		s := hub.Submission{Channel: "swapped", ExternalID: id, Raw: body, Content: hub.Content{Text: text}}
		if strings.Contains(text, "v2") {
			f.held = &s
		} else {
			for range 100 {
				if _, err := f.in.Accept(r.Context(), []hub.Submission{s}); err == nil {
					break
				}
			}
		}
		adapters.WriteAccepted(w, hub.Acceptance{Receipt: "r_1", Case: "BY1"})
	})
}

func TestSuiteCatchesTheContractsBreakers(t *testing.T) {
	message := func(id string, n int) adaptertest.Sample {
		return adaptertest.Sample{MediaType: "text/plain", Body: id + " v" + strconv.Itoa(n)}
	}
	for want, make := range map[string]func(in adapters.Intake) adapters.Adapter{
		"neither handed in nor kept": func(in adapters.Intake) adapters.Adapter { return forgetful{in} },
		"was handed in before":       func(in adapters.Intake) adapters.Adapter { return &swapped{forgetful: forgetful{in}} },
	} {
		got := strings.Join(adaptertest.Check(adaptertest.Suite{
			Spec: adapters.Spec{Kind: "x", New: func(_ adapters.Config, in adapters.Intake, _ adapters.Deps) (adapters.Adapter, error) {
				return make(in), nil
			}},
			Good: message("1", 1), Open: true, Message: message,
		}), "\n")
		if !strings.Contains(got, want) {
			t.Errorf("the suite did not notice %q; it said:\n%s", want, got)
		}
	}
}

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
