package cli

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
)

// The receiver shows what is written back, and ends when it has enough.
func TestReceiverShowsWriteBacks(t *testing.T) {
	var l net.ListenConfig
	ln, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s := &settings{out: &out, errOut: &out}
	ended := make(chan error, 1)
	go func() { ended <- s.receive(context.WithoutCancel(t.Context()), ln, 2) }()
	for _, body := range []string{`{"external_id":"G1","step":"signed_for"}`, "\xff\xfe"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+ln.Addr().String()+"/hotline", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Idempotency-Key", "BY1.3")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != http.StatusOK {
			t.Errorf("answered %s", resp.Status)
		}
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/hotline", "BY1.3", `"step":"signed_for"`, "fffe"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not shown: %s in\n%s", want, &out)
		}
	}
}
