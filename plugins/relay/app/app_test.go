package app_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/relay/app"
)

const secret = "kuaiban-secret"

// A server is the app's: it takes what is signed and answers as told.
func server(t *testing.T, status *int) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(r.Header.Get("X-Timestamp") + "."))
		h.Write(body)
		if r.Header.Get("X-Signature") != hex.EncodeToString(h.Sum(nil)) || r.Header.Get("Idempotency-Key") != "BY1.2.citizen" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(*status)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestMessagesAreSignedAndAnswersJudged(t *testing.T) {
	status := 0
	s := server(t, &status)
	a, err := app.New(app.Config{URL: s.URL, Secret: secret, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, hub.ClockFunc(time.Now))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	m := app.Message{ID: "BY1.2.citizen", User: "u7", Text: "已办结"}
	for code, want := range map[int]hub.Outcome{
		200: hub.Delivered, 202: hub.Delivered, 409: hub.Delivered, 404: hub.Refused, 410: hub.Refused, 429: hub.RetryLater, 503: hub.RetryLater,
	} {
		status = code
		r := a.Send(t.Context(), m)
		if r.Outcome != want {
			t.Errorf("HTTP %d is %s, want %s", code, r.Outcome, want)
		}
		if want == hub.RetryLater && r.RetryAfter != 7*time.Second {
			t.Errorf("HTTP %d: waits %v", code, r.RetryAfter)
		}
	}
	m.User = ""
	if r := a.Send(t.Context(), m); r.Outcome != hub.Refused {
		t.Errorf("nobody: %+v", r)
	}
}

func TestAClosedNetworkIsNotReached(t *testing.T) {
	status := 200
	s := server(t, &status)
	if _, err := app.New(app.Config{URL: s.URL}, hub.ClockFunc(time.Now)); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("without a secret: %v", err)
	}
	a, err := app.New(app.Config{URL: s.URL, Secret: secret}, hub.ClockFunc(time.Now))
	if err != nil {
		return // refused at once
	}
	if r := a.Send(t.Context(), app.Message{ID: "1", User: "u"}); r.Outcome == hub.Delivered {
		t.Error("loopback was reached")
	}
}
