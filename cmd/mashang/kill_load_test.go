package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A load sends submissions until it is stopped, and keeps the books.
type load struct {
	url                    string
	sent, refused, unknown atomic.Int64
	mu                     sync.Mutex
	acked                  map[string]hub.CaseID
	cancel                 context.CancelFunc
	wait                   sync.WaitGroup
}

func startLoad(t *testing.T, url string) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{url: url, acked: map[string]hub.CaseID{}, cancel: cancel}
	t.Cleanup(l.stop)
	for range 4 {
		l.wait.Go(func() {
			tick := time.NewTicker(120 * time.Millisecond)
			defer tick.Stop()
			for ctx.Err() == nil {
				l.send(ctx)
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
	return l
}

// stop lets running requests end.
func (l *load) stop() { l.cancel(); l.wait.Wait() }

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// send hands one submission in, again and again until it is answered with 202:
// a citizen's phone does not give up because the hub was away.
func (l *load) send(ctx context.Context) {
	n := l.sent.Add(1)
	id := fmt.Sprintf("crash-%d", n)
	body, _ := json.Marshal(map[string]string{
		"id": id, "title": "崩溃测试 " + id, "text": texts[int(n)%len(texts)] + "第" + id + "件。", "phone": fmt.Sprintf("138%08d", n),
	})
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !l.try(id, body) && ctx.Err() == nil {
		select {
		case <-again.C:
		case <-ctx.Done():
		}
	}
}

// try is one attempt.
func (l *load) try(id string, body []byte) bool {
	client := http.Client{Timeout: 15 * time.Second}
	resp, err := client.Post(l.url+"/in/qr", "application/json", bytes.NewReader(body))
	if err != nil {
		l.unknown.Add(1)
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Tracking hub.CaseID }
	switch {
	case resp.StatusCode != http.StatusAccepted:
		l.refused.Add(1)
		return false
	case json.NewDecoder(resp.Body).Decode(&answer) != nil || answer.Tracking == "":
		l.unknown.Add(1)
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[id] = answer.Tracking
	return true
}
