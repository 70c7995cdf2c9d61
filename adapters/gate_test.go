package adapters_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// echo answers with the length of what it got, or refuses "bad".
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if string(body) == "bad" {
		adapters.WriteError(w, hub.Errorf(hub.CodeInvalid, "submission.empty"))
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func gate(limits adapters.Limits, keep func(context.Context, adapters.Letter) error) *adapters.Gate {
	return &adapters.Gate{Channel: "x", Next: http.HandlerFunc(echo), Limits: limits, Deps: adapters.Deps{Keep: keep}}
}

func send(g http.Handler, body []byte, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/in/x", bytes.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

func TestGateKeepsWhatIsRefused(t *testing.T) {
	var kept []adapters.Letter
	var fail error
	g := gate(adapters.Limits{}, func(_ context.Context, l adapters.Letter) error { kept = append(kept, l); return fail })
	if w := send(g, []byte("bad"), "Content-Type", "text/plain"); w.Code != 400 || len(kept) != 1 || string(kept[0].Raw) != "bad" || kept[0].MediaType != "text/plain" || kept[0].Reason == nil {
		t.Errorf("%d, kept %+v", w.Code, kept)
	}
	fail = errors.New("database is away")
	if w := send(g, []byte("bad")); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("not kept, and answered %d: the sender must come again", w.Code)
	}
	if w := send(g, []byte("good")); w.Code != 202 || len(kept) != 2 {
		t.Errorf("good: %d, kept %d", w.Code, len(kept))
	}
}

func TestGateLimits(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 100<<20))
	_ = z.Close()
	g := gate(adapters.Limits{Body: 1 << 20, Expanded: 2 << 20}, nil)
	if w := send(g, bomb.Bytes(), "Content-Encoding", "gzip"); w.Code != 413 {
		t.Errorf("bomb of %d bytes: %d", bomb.Len(), w.Code)
	}
	if w := send(g, make([]byte, 1<<20+1)); w.Code != 413 {
		t.Errorf("too long: %d", w.Code)
	}
	if w := send(g, []byte("x"), "Content-Encoding", "br"); w.Code != 400 {
		t.Errorf("unknown encoding: %d", w.Code)
	}
	if w := send(g, []byte("no gzip"), "Content-Encoding", "gzip"); w.Code != 400 {
		t.Errorf("broken gzip: %d", w.Code)
	}
	var small bytes.Buffer
	z = gzip.NewWriter(&small)
	_, _ = z.Write([]byte("hello"))
	_ = z.Close()
	if w := send(g, small.Bytes(), "Content-Encoding", "gzip"); w.Code != 202 {
		t.Errorf("gzip: %d", w.Code)
	}
	g = gate(adapters.Limits{Rate: 0.001, Burst: 2}, nil)
	codes := []int{send(g, nil).Code, send(g, nil).Code, send(g, nil).Code}
	if codes[0] != 202 || codes[1] != 202 || codes[2] != 503 {
		t.Errorf("rate: %v", codes)
	}
}

func TestGateIsBusy(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	g := &adapters.Gate{Limits: adapters.Limits{InFlight: 1}, Next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		inside <- struct{}{}
		<-leave
	})}
	done := make(chan struct{})
	go func() { send(g, nil); close(done) }()
	<-inside
	if w := send(g, nil); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("busy: %d", w.Code)
	}
	close(leave)
	<-done
}

// A sender that is slow with its body loses the connection; others are served
// meanwhile.
func TestGateCutsSlowSenders(t *testing.T) {
	server := httptest.NewServer(gate(adapters.Limits{Read: 200 * time.Millisecond}, nil))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /in/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nslow"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(server.URL, "text/plain", strings.NewReader("quick")) //nolint:noctx // a test
	if err != nil || resp.StatusCode != 202 {
		t.Errorf("neighbour: %v", err)
	}
	_ = resp.Body.Close()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(answer, []byte("503")) || !bytes.Contains(answer, []byte("Connection: close")) {
		t.Errorf("slow sender: %q, %v", answer, err)
	}
}
