package adapters_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/adapters/proof"
	"github.com/mashang-hub/mashang/hub"
)

func wire(t *testing.T, c adapters.Config, d adapters.Deps) *adapters.Wired {
	t.Helper()
	c.Code, c.Auth.Type = "x", proof.None
	c.Map = mapping.Config{ExternalID: "id", Text: "nr"}
	w, err := adapters.Wire(c, nil, d.Complete())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestCallback(t *testing.T) {
	status, seen := http.StatusOK, []string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, r.Header.Get("Idempotency-Key")+" "+r.Header.Get("X-Key")+" "+string(body))
		w.WriteHeader(status)
	}))
	defer server.Close()
	c := adapters.Config{Reply: adapters.Reply{Callback: &adapters.Callback{
		URL: server.URL, Body: `{"单号": external_id, "步骤": step, "说明": text}`, Headers: map[string]adapters.Secret{"X-Key": "${KEY}"},
	}}}
	w := wire(t, c, adapters.Deps{Demo: true, Getenv: func(string) string { return "secret" }})
	step := adapters.Step{ID: "BY1.3", Case: "BY1", ExternalID: "G1", Type: hub.Resolved, Status: hub.StatusResolved, Text: "已修好", At: time.Now()}
	if err := w.Notify(t.Context(), step); err != nil || len(seen) != 1 || seen[0] != `BY1.3 secret {"单号":"G1","步骤":"resolved","说明":"已修好"}` {
		t.Errorf("%v, told %q", err, seen)
	}
	step.Type, step.Text = hub.Instructed, "内部批示"
	if err := w.Notify(t.Context(), step); err != nil || len(seen) != 1 {
		t.Errorf("an instruction went out: %v, %q", err, seen)
	}
	step.Type = hub.Resolved
	for code, want := range map[int]hub.ErrorCode{500: hub.CodeUnavailable, 429: hub.CodeUnavailable, 400: hub.CodeInvalid, 302: hub.CodeInvalid} {
		status = code
		if err := w.Notify(t.Context(), step); hub.CodeOf(err) != want {
			t.Errorf("answered %d: %v, want %s", code, err, want)
		}
	}
}

func TestCallbackStaysOutsideTheHouse(t *testing.T) {
	c := adapters.Config{Code: "x", Auth: proof.Config{Type: proof.None}, Map: mapping.Config{Text: "nr"}}
	for want, cb := range map[string]adapters.Callback{
		"callback.url": {URL: "http://127.0.0.1:1/"}, "callback.allow": {URL: "https://example.gov.cn/", Allow: []string{"x"}},
		"callback.on": {URL: "https://example.gov.cn/", On: []string{"resolvd"}}, "callback.body": {URL: "https://example.gov.cn/", Body: "a +"},
	} {
		c.Reply.Callback = &cb
		if _, err := adapters.Wire(c, nil, adapters.Deps{}.Complete()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
