package contract_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/contract"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/adapters/proof"
	"github.com/mashang-hub/mashang/adapters/webhook"
)

func good() contract.Message {
	return contract.Message{MediaType: "application/json", Body: []byte(`{"id":"1","nr":"冷"}`)}
}

func TestAWiredChannelKeepsEveryPromise(t *testing.T) {
	c := adapters.Config{Code: "x", Auth: proof.Config{Keys: []proof.Secret{"key-of-the-sender"}}, Map: mapping.Config{ExternalID: "id", Text: "nr"}}
	a, err := webhook.New(c, &adaptertest.Intake{}, adapters.Deps{}.Complete())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(&adapters.Gate{Channel: "x", Next: a.Handler()})
	defer server.Close()
	for _, v := range contract.Live(t.Context(), server.Client(), server.URL, good(), a.(adapters.Signer).Sign) {
		if !v.OK {
			t.Errorf("%s: %s", v.Name, v.Detail)
		}
	}
}

// A door that says yes to everything is found out.
func TestAYesManFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"receipt":"r","tracking":"t"}`))
	}))
	defer server.Close()
	sign := func(r *http.Request, _ []byte) error { r.Header.Set("X-Api-Key", "k"); return nil }
	bad := 0
	for _, v := range contract.Live(context.Background(), server.Client(), server.URL, good(), sign) {
		if !v.OK {
			bad++
		}
	}
	if bad < 5 {
		t.Errorf("only %d promises were found broken", bad)
	}
}
