// Package app sends messages to the users of an app (应用消息) by way of the app's
// server, such as that of 白银快办 or 白银综治.
//
// A message is a POST of JSON, signed as these apps sign what they send us:
// X-Signature is HMAC-SHA256 of the secret over X-Timestamp, a point and the
// body, in hexadecimal; Idempotency-Key is the same over retries. Start with
// New.
package app

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// A Config is the configuration of one app's server.
type Config struct {
	// URL takes the messages.
	URL string `json:"url"`
	// Secret signs them.
	Secret webhook.Secret `json:"secret"`
	// Allow lists private networks that may be reached.
	Allow []netip.Prefix `json:"allow"`
}

// Validate says the first thing that is wrong.
func (c Config) Validate() error {
	if c.Secret == "" {
		return hub.Errorf(hub.CodeInvalid, "app.secret")
	}
	return egress.New(c.Allow...).CheckURL(c.URL)
}

// A Message (应用消息) goes to one user.
type Message struct {
	ID   string    `json:"id"`
	User string    `json:"user"` // the app's own number of the user, or of the member of staff
	Text string    `json:"text"`
	Link string    `json:"link,omitempty"`
	Loud bool      `json:"loud,omitempty"` // it is critical
	At   time.Time `json:"at"`
}

// An App sends to one app's users. It is safe for concurrent use.
type App struct {
	config Config
	clock  hub.Clock
	http   *http.Client
}

// New checks config and returns its app.
func New(config Config, clock hub.Clock) (*App, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return &App{config, clock, egress.New(config.Allow...).Client(10 * time.Second)}, nil
}

// Close drops idle connections.
func (a *App) Close() error {
	a.http.CloseIdleConnections()
	return nil
}

// Send sends m. Somebody who is no user is refused for good: 404 and 410 say
// the same.
func (a *App) Send(ctx context.Context, m Message) hub.Receipt {
	if m.User == "" {
		return hub.Receipt{Outcome: hub.Refused, Reason: "no user of the app"}
	}
	body, err := json.Marshal(m)
	if err != nil {
		return hub.Receipt{Outcome: hub.Refused, Reason: "message cannot be encoded"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.config.URL, bytes.NewReader(body))
	if err != nil {
		return later("bad address", 0)
	}
	stamp := strconv.FormatInt(a.clock.Now().Unix(), 10)
	for name, value := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "X-Timestamp": stamp, "X-Signature": a.sign(stamp, body), "Idempotency-Key": m.ID,
	} {
		req.Header.Set(name, value)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		if errors.Is(err, egress.ErrBlocked) {
			return later(egress.ErrBlocked.Error(), 0)
		}
		return later("app's server did not answer", 0)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	return judge(resp)
}

func judge(resp *http.Response) hub.Receipt {
	reason := "HTTP " + strconv.Itoa(resp.StatusCode)
	switch {
	case resp.StatusCode/100 == 2, resp.StatusCode == http.StatusConflict: // the app has it already
		return hub.Receipt{Outcome: hub.Delivered}
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusGone:
		return hub.Receipt{Outcome: hub.Refused, Reason: reason}
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return later(reason, time.Duration(seconds)*time.Second)
}

func (a *App) sign(stamp string, body []byte) string {
	h := hmac.New(sha256.New, []byte(a.config.Secret))
	h.Write([]byte(stamp + "."))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

func later(reason string, wait time.Duration) hub.Receipt {
	return hub.Receipt{Outcome: hub.RetryLater, Reason: reason, RetryAfter: wait}
}
