// Package contract tries a live channel from outside, as its sender would, and
// says which promises of the hub's door it keeps.
//
// It leaves one case behind, of the sample that it sends. Start with Live.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A Verdict is one promise and whether it was kept.
type Verdict struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // what came instead, and how to mend it
}

// A Message is a request body.
type Message struct {
	MediaType string
	Body      []byte
}

// reply is what the channel answered.
type reply struct {
	status int
	header http.Header
	body   []byte
	fields struct {
		Receipt, Tracking, Code, Detail string
		Duplicate                       bool
	}
	err error
}

// Live sends good, broken and unproved messages to url. sign adds the proof;
// it may do nothing.
func Live(ctx context.Context, client *http.Client, url string, good Message, sign func(*http.Request, []byte) error) []Verdict {
	c := caller{ctx, client, url, sign}
	first, again := c.post(good, true), c.post(good, true)
	broken := c.post(Message{good.MediaType, append([]byte("\x00{<"), good.Body[:len(good.Body)/2]...)}, true)
	empty := c.post(Message{good.MediaType, nil}, true)
	unproved := c.post(good, false)
	read := c.send(http.MethodGet, Message{}, true)
	bomb := c.post(Message{good.MediaType, bytes.Repeat([]byte(" "), 65<<20)}, true)
	verdicts := []Verdict{
		verdict("好样例收下，答 2xx", first.ok(), first),
		verdict("收下后给出回执或自定的答复", first.ok() && len(first.body) > 0, first),
		verdict("同一编号再来，答同一回执", again.ok() && again.fields.Receipt == first.fields.Receipt && again.fields.Tracking == first.fields.Tracking, again),
		verdict("再来的标为重复", again.fields.Duplicate || again.fields.Receipt == "", again),
		verdict("坏内容答 4xx 并说明原因，不当作收下", broken.refused() && len(broken.body) > 0, broken),
		verdict("空内容答 4xx", empty.refused(), empty),
		verdict("没有身份证明答 401", unproved.status == http.StatusUnauthorized || (unproved.ok() && !c.proves(good)), unproved),
		verdict("只收 POST", read.status == http.StatusMethodNotAllowed, read),
		verdict("超大内容被拒收", bomb.refused() || bomb.err != nil, bomb),
	}
	return verdicts
}

func verdict(name string, ok bool, got reply) Verdict {
	v := Verdict{Name: name, OK: ok}
	if !ok {
		v.Detail = fmt.Sprintf("答的是 %d %.200s", got.status, got.body)
		if got.err != nil {
			v.Detail = got.err.Error()
		}
	}
	return v
}

func (r reply) ok() bool      { return r.err == nil && r.status >= 200 && r.status < 300 }
func (r reply) refused() bool { return r.err == nil && r.status >= 400 && r.status < 500 }

type caller struct {
	ctx    context.Context //nolint:containedctx // one run
	client *http.Client
	url    string
	sign   func(*http.Request, []byte) error
}

func (c caller) post(m Message, signed bool) reply { return c.send(http.MethodPost, m, signed) }

// proves reports whether the channel asks for a proof at all.
func (c caller) proves(m Message) bool {
	r, err := http.NewRequestWithContext(c.ctx, http.MethodPost, c.url, nil)
	if err != nil || c.sign(r, m.Body) != nil {
		return true
	}
	return len(r.Header) > 0
}

func (c caller) send(method string, m Message, signed bool) reply {
	ctx, cancel := context.WithTimeout(c.ctx, 15*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.url, bytes.NewReader(m.Body))
	if err != nil {
		return reply{err: err}
	}
	if m.MediaType != "" {
		r.Header.Set("Content-Type", m.MediaType)
	}
	if signed {
		if err := c.sign(r, m.Body); err != nil {
			return reply{err: err}
		}
	}
	resp, err := c.client.Do(r)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = resp.Body.Close() }() // read only
	got := reply{status: resp.StatusCode, header: resp.Header}
	got.body, got.err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	_ = json.Unmarshal(got.body, &got.fields) // an answer of the channel's own has other fields
	return got
}
