package webhook

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
)

const (
	timeout   = 15 * time.Second
	maxAnswer = 64 << 10
	maxWait   = 24 * time.Hour
)

// client posts signed messages.
type client struct {
	url   string
	keys  [][]byte
	pair  ed25519.PrivateKey // nil without one
	clock hub.Clock
	http  *http.Client
}

func newClient(c Config, clock hub.Clock) (*client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	out := &client{url: c.URL, clock: clock}
	for _, s := range []Secret{c.Secret, c.OldSecret} {
		if s == "" {
			continue
		}
		key, err := s.key()
		if err != nil {
			return nil, err
		}
		out.keys = append(out.keys, key)
	}
	if c.PrivateKey != "" {
		pair, err := c.PrivateKey.signer()
		if err != nil {
			return nil, err
		}
		out.pair = pair
	}
	guard := egress.New(c.Allow...)
	out.http = guard.Client(timeout)
	out.http.Transport = guard.Transport(parallel)
	return out, nil
}

// An answer is what a receiver may say in its 2xx response.
type answer struct {
	Updates []struct {
		ID      string             `json:"id"`
		Step    hub.EventType      `json:"step"`
		Text    string             `json:"text"`
		Suggest hub.DepartmentCode `json:"suggest"`
	} `json:"updates"`
}

// post sends body under id and returns the outcome, with Alert still empty.
func (c *client) post(ctx context.Context, id string, body []byte) (hub.Receipt, answer) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return later("bad request"), answer{}
	}
	at := strconv.FormatInt(c.clock.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	req.Header.Set("User-Agent", "mashang-webhook/1")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", c.sign(id, at, body))
	resp, err := c.http.Do(req)
	if err != nil {
		return later(cause(err)), answer{}
	}
	defer func() { _ = resp.Body.Close() }()
	got, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return c.judge(resp, got)
}

// sign returns one signature for each key, separated by spaces.
func (c *client) sign(id, at string, body []byte) string {
	text := append([]byte(id+"."+at+"."), body...)
	var out []byte
	add := func(version string, signature []byte) {
		if out != nil {
			out = append(out, ' ')
		}
		out = append(out, version...)
		out = base64.StdEncoding.AppendEncode(out, signature)
	}
	for _, key := range c.keys {
		mac := hmac.New(sha256.New, key)
		mac.Write(text)
		add("v1,", mac.Sum(nil))
	}
	if c.pair != nil {
		add("v1a,", ed25519.Sign(c.pair, text))
	}
	return string(out)
}

// judge turns a response into an outcome: only 2xx is a delivery.
func (c *client) judge(resp *http.Response, body []byte) (hub.Receipt, answer) {
	code := resp.StatusCode
	switch {
	case code/100 == 2:
		var a answer
		if json.Unmarshal(body, &a) != nil {
			a = answer{} // an answer in other words is no report
		}
		return hub.Receipt{Outcome: hub.Delivered}, a
	case code == http.StatusGone:
		return hub.Receipt{Outcome: hub.Gone, Reason: "HTTP 410"}, answer{}
	}
	r := later("HTTP " + strconv.Itoa(code))
	if text := words(body); text != "" {
		r.Reason += ": " + text
	}
	if code/100 == 3 {
		r.Reason += ": redirects are not followed"
	}
	r.RetryAfter = c.retryAfter(resp.Header.Get("Retry-After"))
	return r, answer{}
}

// retryAfter reads seconds or an HTTP date; 0 if there is none.
func (c *client) retryAfter(s string) time.Duration {
	var d time.Duration
	if n, err := strconv.Atoi(s); err == nil {
		d = time.Duration(min(n, int(maxWait/time.Second))) * time.Second
	} else if t, err := http.ParseTime(s); err == nil {
		d = t.Sub(c.clock.Now())
	}
	return min(max(d, 0), maxWait)
}

func later(reason string) hub.Receipt {
	return hub.Receipt{Outcome: hub.RetryLater, Reason: reason}
}

// cause is the short reason of a failed request, without the URL.
func cause(err error) string {
	if errors.Is(err, egress.ErrBlocked) {
		return egress.ErrBlocked.Error()
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return "no answer in time"
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Op + ": " + e.Err.Error()
	}
	return "connection failed"
}

// words is the beginning of an answer as people are shown it.
func words(body []byte) string {
	const most = 2 << 10
	s := strings.ToValidUTF8(string(body[:min(len(body), most)]), "")
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}
