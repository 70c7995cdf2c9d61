package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

const (
	timeout   = 15 * time.Second
	maxAnswer = 64 << 10
	maxWait   = 24 * time.Hour
)

// errBlocked says that the address may not be reached.
var errBlocked = errors.New("address is loopback, private or reserved and not in allow")

// client posts signed messages.
type client struct {
	url   string
	keys  [][]byte
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
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: guard(c.Allow)}
	out.http = &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, MaxConnsPerHost: parallel, MaxIdleConnsPerHost: parallel,
			TLSHandshakeTimeout: 5 * time.Second, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return out, nil
}

// guard refuses, once the name is resolved, addresses that are nobody's public
// service, so that a webhook cannot be aimed at the hub's own neighbours.
func guard(allow []netip.Prefix) func(string, string, syscall.RawConn) error {
	reserved := []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
		netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("2002::/16"),
	}
	return func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("read address: %w", err)
		}
		a := ap.Addr().Unmap().WithZone("")
		for _, p := range allow {
			if p.Contains(a) {
				return nil
			}
		}
		for _, p := range reserved {
			if p.Contains(a) {
				return errBlocked
			}
		}
		if !a.IsGlobalUnicast() || a.IsPrivate() {
			return errBlocked
		}
		return nil
	}
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

func (c *client) sign(id, at string, body []byte) string {
	var out []byte
	for _, key := range c.keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + at + "."))
		mac.Write(body)
		if out != nil {
			out = append(out, ' ')
		}
		out = append(out, "v1,"...)
		out = base64.StdEncoding.AppendEncode(out, mac.Sum(nil))
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
		return hub.Receipt{Outcome: hub.Refused, Reason: "HTTP 410"}, answer{}
	}
	r := later("HTTP " + strconv.Itoa(code))
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
	if errors.Is(err, errBlocked) {
		return errBlocked.Error()
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return "no answer in time"
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Op + ": " + e.Err.Error()
	}
	return "connection failed"
}
