package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// A department's receiver takes what is rightly signed, counts a repetition as
// one, and says at the end what it had.
func TestTheDepartmentsReceiverCounts(t *testing.T) {
	var l net.ListenConfig
	ln, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	check, err := standard.NewWebhook("whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 24)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s := &settings{out: &out, errOut: &out}
	ended := make(chan error, 1)
	go func() { ended <- s.receiveAlerts(context.WithoutCancel(t.Context()), ln, check, 2) }()
	push := func(e webhook.Event, signature string) int {
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if signature == "" {
			if signature, err = check.Sign(e.ID, now, body); err != nil {
				t.Fatal(err)
			}
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+ln.Addr().String(), bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Webhook-Id", e.ID)
		r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
		r.Header.Set("Webhook-Signature", signature)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	first, second := webhook.Sample(hub.Assigned), webhook.Sample(hub.Reminded)
	second.ID += "2"
	for i, p := range []struct {
		e    webhook.Event
		sign string
		want int
	}{{first, "v1,AAAA", http.StatusUnauthorized}, {first, "", http.StatusOK}, {first, "", http.StatusOK}, {second, "", http.StatusOK}} {
		if got := push(p.e, p.sign); got != p.want {
			t.Errorf("push %d: %d", i, got)
		}
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if want := "共 2 条，派给牵头部门的事项 1 件；重复 1 条，验签不过或读不懂 1 条。"; !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "暖气不热") {
		t.Errorf("want %s in\n%s", want, &out)
	}
}
