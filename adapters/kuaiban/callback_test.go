package kuaiban_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/kuaiban"
	"github.com/mashang-hub/mashang/hub"
)

// The app checks what it is told as the hub checks what the app sends.
func TestTheAppIsToldSigned(t *testing.T) {
	told := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := adapters.CheckHMAC(r, "s3cret", body, adaptertest.Now()); err != nil {
			t.Errorf("%v: %s", err, body)
		}
		told++
	}))
	defer server.Close()
	s := adaptertest.Suite{Spec: kuaiban.Spec(), Options: "secret: s3cret\ncallback: {url: \"" + server.URL + "\"}"}
	s.Deps.Demo = true
	a, err := s.New(&adaptertest.Intake{})
	if err != nil {
		t.Fatal(err)
	}
	step := adapters.Step{ID: "BY1.3", ExternalID: "K1", Type: hub.Resolved, Status: hub.StatusResolved, Text: "已修好", At: time.Now()}
	if err := a.(adapters.Notifier).Notify(t.Context(), step); err != nil || told != 1 {
		t.Errorf("%v, told %d", err, told)
	}
}

func TestNobodyIsToldWithoutAnAddress(t *testing.T) {
	s := adaptertest.Suite{Spec: kuaiban.Spec(), Options: "secret: s3cret"}
	a, err := s.New(&adaptertest.Intake{})
	if err != nil {
		t.Fatal(err)
	}
	n := a.(adapters.Notifier)
	if err := n.Notify(t.Context(), adapters.Step{Type: hub.Resolved}); n.Notifies() || err != nil {
		t.Error(err)
	}
}
