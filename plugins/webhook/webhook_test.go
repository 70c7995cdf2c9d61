package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	old    = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// serve starts a receiver and returns the link to it.
func serve(t *testing.T, config webhook.Config, h http.HandlerFunc) *webhook.Link {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	config.URL, config.Secret = server.URL+"/hook", secret
	link, err := webhook.NewLink(config, hub.ClockFunc(time.Now), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return link
}

func item(id hub.AlertID, c hub.CaseID) webhook.Item {
	return webhook.Item{
		Alert:   hub.Alert{ID: id, Case: c, Event: hub.Assigned, Department: "gas", At: time.Now(), Content: hub.Content{Title: "停气"}},
		Reading: hub.Receipt{Facts: map[string]string{"k": "v"}, Group: "g", Critical: true},
	}
}

func push(t *testing.T, l *webhook.Link, id hub.AlertID) hub.Receipt {
	t.Helper()
	return l.Push(t.Context(), []webhook.Item{item(id, "BY1")})[0]
}

func TestSignatureVerifies(t *testing.T) {
	var header http.Header
	var body []byte
	l := serve(t, webhook.Config{Allow: loopback, OldSecret: old}, func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		body, _ = io.ReadAll(r.Body)
	})
	if r := push(t, l, "msg_1"); r.Outcome != hub.Delivered || r.Alert != "msg_1" || !r.Critical || r.Group != "g" {
		t.Fatalf("receipt %+v", r)
	}
	for _, key := range []string{secret, old} {
		wh, err := standard.NewWebhook(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := wh.Verify(body, header); err != nil {
			t.Errorf("verify with %s: %v", key, err)
		}
		for i := range body {
			body[i] ^= 1
			if wh.Verify(body, header) == nil {
				t.Fatalf("byte %d changed and still verified", i)
			}
			body[i] ^= 1
		}
	}
	var event struct {
		SpecVersion, ID, Type, Subject string
		Data                           struct {
			Event hub.EventType
			Facts map[string]string
		}
	}
	if err := json.Unmarshal(body, &event); err != nil || event.SpecVersion != "1.0" || event.ID != "msg_1" ||
		event.Type != "cn.gov.baiyin.mashang.case.assigned.v1" || event.Subject != "BY1" || event.Data.Facts["k"] != "v" {
		t.Errorf("event %+v: %v", event, err)
	}
}

func TestStatusDecides(t *testing.T) {
	for _, c := range []struct {
		code  int
		after string
		want  hub.Outcome
		wait  time.Duration
	}{
		{200, "", hub.Delivered, 0},
		{204, "", hub.Delivered, 0},
		{302, "", hub.RetryLater, 0},
		{400, "", hub.RetryLater, 0},
		{410, "", hub.Gone, 0},
		{429, "120", hub.RetryLater, 2 * time.Minute},
		{503, "99999999999", hub.RetryLater, 24 * time.Hour},
		{503, "-5", hub.RetryLater, 0},
		{500, "9999999", hub.RetryLater, 24 * time.Hour},
	} {
		calls := 0
		l := serve(t, webhook.Config{Allow: loopback}, func(w http.ResponseWriter, _ *http.Request) {
			calls++
			w.Header().Set("Location", "/elsewhere")
			w.Header().Set("Retry-After", c.after)
			w.WriteHeader(c.code)
		})
		r := push(t, l, "m")
		if r.Outcome != c.want || calls != 1 || r.RetryAfter != c.wait {
			t.Errorf("%d %q: %+v after %d calls", c.code, c.after, r, calls)
		}
	}
}

func TestNeighboursAreNotReached(t *testing.T) {
	l := serve(t, webhook.Config{}, func(http.ResponseWriter, *http.Request) { t.Error("loopback was reached") })
	if r := push(t, l, "m"); r.Outcome != hub.RetryLater || !strings.Contains(r.Reason, "not allowed") {
		t.Errorf("receipt %+v", r)
	}
	for _, host := range []string{
		"10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "[::1]", "[fe80::1]",
		"[fd00::1]", "[::ffff:127.0.0.1]", "localhost",
	} {
		config := webhook.Config{URL: "http://" + host + ":9/", Secret: secret}
		l, err := webhook.NewLink(config, hub.ClockFunc(time.Now), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if r := push(t, l, "m"); !strings.Contains(r.Reason, "not allowed") {
			t.Errorf("%s: %+v", host, r)
		}
	}
}

func TestAnswerBecomesUpdates(t *testing.T) {
	l := serve(t, webhook.Config{Allow: loopback, AutoSign: true}, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"updates":[{"id":"u1","step":"progressed","text":"已派维修队"},{"id":"u2","step":"made_up"}]}`)
	})
	push(t, l, "m")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var got []hub.Update
	err := l.Updates(ctx, func(u hub.Update) error {
		if got = append(got, u); len(got) == 2 {
			cancel()
		}
		return nil
	})
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if u := got[0]; u.ID != "u1" || u.Step != hub.Progressed || u.Case != "BY1" || u.Department != "gas" || u.Text != "已派维修队" {
		t.Errorf("update %+v", u)
	}
	if u := got[1]; u.Step != hub.SignedFor || u.ID != "auto-sign:m" {
		t.Errorf("update %+v", u)
	}
}

func TestCaseStaysInOrder(t *testing.T) {
	var mu sync.Mutex
	var got []string
	l := serve(t, webhook.Config{Allow: loopback}, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		id := r.Header.Get("Webhook-Id")
		if got = append(got, id); id == "a2" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	receipts := l.Push(t.Context(), []webhook.Item{item("a1", "A"), item("a2", "A"), item("a3", "A"), item("b1", "B")})
	for i, want := range []hub.Outcome{hub.Delivered, hub.RetryLater, hub.NotTried, hub.Delivered} {
		if receipts[i].Outcome != want {
			t.Errorf("receipt %d: %+v", i, receipts[i])
		}
	}
	if all := strings.Join(got, " "); strings.Contains(all, "a3") || strings.Index(all, "a1") > strings.Index(all, "a2") {
		t.Errorf("pushed %s", all)
	}
}

func TestSlowReceiverLeavesTimeToAnswer(t *testing.T) {
	free := make(chan struct{})
	l := serve(t, webhook.Config{Allow: loopback}, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-free:
		case <-r.Context().Done():
		}
	})
	defer close(free)
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	r := l.Push(ctx, []webhook.Item{item("m", "A")})
	if ctx.Err() != nil || r[0].Outcome != hub.RetryLater {
		t.Errorf("%+v, %v", r, ctx.Err())
	}
}

func TestConfig(t *testing.T) {
	for raw, ok := range map[string]bool{
		`{}`: true,
		`{"url":"https://example.com/hook","secret":"` + secret + `","allow":["10.0.0.0/8"]}`: true,
		`{"url":"https://example.com/hook"}`:                                                  false,
		`{"url":"https://u:p@example.com/","secret":"` + secret + `"}`:                        false,
		`{"url":"file:///etc/passwd","secret":"` + secret + `"}`:                              false,
		`{"url":"https://example.com","secret":"whsec_short"}`:                                false,
		`{"allow":["10.0.0.0"]}`:                                                              false,
		`{"other":1}`:                                                                         false,
	} {
		var c webhook.Config
		err := webhook.Decode(json.RawMessage(raw), &c)
		if err == nil {
			err = c.Validate()
		}
		if (err == nil) != ok || (err != nil && hub.CodeOf(err) != hub.CodeInvalid) {
			t.Errorf("%s: %v", raw, err)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", c, c, c), "MfKQ9") {
			t.Error("the secret was printed")
		}
	}
}
