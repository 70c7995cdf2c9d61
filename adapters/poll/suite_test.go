package poll_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/adapters/poll"
)

// source is a system that shows what came after a number, seven at a time, and
// fails now and then.
type source struct {
	items []json.RawMessage
	calls atomic.Int64
	auth  atomic.Value
}

func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.auth.Store(r.Header.Get("Authorization"))
	switch s.calls.Add(1) % 6 {
	case 1:
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	case 4:
		http.Error(w, "gone", http.StatusBadGateway)
		return
	}
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	page := s.items[min(after, len(s.items)):min(after+7, len(s.items))]
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"list": page}})
}

func suite(t *testing.T, s *source) adaptertest.Suite {
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return adaptertest.Suite{
		Spec: poll.Spec(), Options: fmt.Sprintf(`{url: "%s/?after={cursor}", start: "0", cursor: last.seq, every: 2ms, back_off: 10ms, allow: [127.0.0.0/8], headers: {Authorization: "t"}}`, server.URL),
		Config: adapters.Config{Decode: decode.Options{Format: decode.JSON, Items: "data.list"}, Map: mapping.Config{ExternalID: "id", Text: "nr"}},
		Message: func(id string, n int) adaptertest.Sample {
			return adaptertest.Sample{Body: fmt.Sprintf(`"id":%q,"nr":"v%d"`, id, n)}
		},
		Feed: func(all []adaptertest.Sample) error {
			for n, m := range all {
				s.items = append(s.items, json.RawMessage(fmt.Sprintf(`{"seq":%d,%s}`, n+1, m.Body)))
			}
			return nil
		},
	}
}

func TestSuite(t *testing.T) {
	s := &source{}
	adaptertest.Run(t, suite(t, s))
	if s.auth.Load() != "t" {
		t.Errorf("Authorization %v", s.auth.Load())
	}
}

func TestPrivateAddressesAreNotFetched(t *testing.T) {
	s := &source{items: []json.RawMessage{[]byte(`{"seq":1,"id":"1","nr":"x"}`)}}
	c := suite(t, s)
	c.Options = strings.Replace(c.Options, "allow: [127.0.0.0/8]", "allow: []", 1)
	c.Feed = nil
	in := &adaptertest.Intake{}
	a, err := c.New(in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := poll.Round(t.Context(), a); err == nil || !strings.Contains(err.Error(), "not allowed") || s.calls.Load() != 0 {
		t.Errorf("error %v after %d calls, want it refused", err, s.calls.Load())
	}
}

func TestValidate(t *testing.T) {
	good := poll.Default()
	good.URL = "https://example.gov.cn/?a={cursor}"
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*poll.Config){
		"url is": func(c *poll.Config) { c.URL = "" }, "url:": func(c *poll.Config) { c.URL = "ftp://x" }, "every": func(c *poll.Config) { c.Every = 0 },
		"timeout": func(c *poll.Config) { c.Timeout = 0 }, "allow": func(c *poll.Config) { c.Allow = []string{"x"} },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
