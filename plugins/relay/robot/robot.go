package robot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/plugins/relay/message"
)

// A Robot posts to one group. It is safe for concurrent use; one message is
// under way at a time, so that their order in the group is that of the calls.
type Robot struct {
	vendor Vendor
	config Config
	clock  hub.Clock
	http   *http.Client
	turn   sync.Mutex
	pace   *pace
}

// New checks config and returns its robot.
func New(v Vendor, config Config, clock hub.Clock) (*Robot, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if v != WeCom && v != DingTalk && v != Feishu {
		return nil, hub.Errorf(hub.CodeInvalid, "relay.kind", string(v))
	}
	return &Robot{
		vendor: v, config: config, clock: clock, pace: recall(config.State, config.URL, config.PerMinute, clock.Now()),
		http: egress.New(config.Allow...).Client(15 * time.Second),
	}, nil
}

// Close drops idle connections.
func (r *Robot) Close() error {
	r.http.CloseIdleConnections()
	return nil
}

// Send posts alerts and returns a receipt for each, in order. What the robot's
// limit leaves no room for is not tried, with the time to wait.
func (r *Robot) Send(ctx context.Context, alerts []hub.Alert) []hub.Receipt {
	r.turn.Lock()
	defer r.turn.Unlock()
	receipts := make([]hub.Receipt, 0, len(alerts))
	for len(receipts) < len(alerts) {
		rest := alerts[len(receipts):]
		batch, wait := r.next(rest)
		if len(batch) == 0 {
			return appendAll(receipts, rest, hub.Receipt{Outcome: hub.NotTried, Reason: "robot's limit", RetryAfter: wait})
		}
		answer := r.post(ctx, messages(batch))
		receipts = appendAll(receipts, batch, answer)
		if answer.Outcome != hub.Delivered {
			return appendAll(receipts, alerts[len(receipts):], hub.Receipt{
				Outcome: hub.NotTried, Reason: "the message before it was not taken", RetryAfter: max(answer.RetryAfter, 5*time.Second),
			})
		}
	}
	return receipts
}

// next returns what goes into the next message: one alert while there is room
// for each, else as many as fit into a digest.
func (r *Robot) next(rest []hub.Alert) ([]hub.Alert, time.Duration) {
	now := r.clock.Now()
	room := r.pace.left(now)
	crowded, wait := r.pace.take(now)
	if wait > 0 {
		return nil, wait
	}
	if !crowded && len(rest) <= room {
		return rest[:1], 0
	}
	n, size := 0, 0
	for n < len(rest) {
		m := message.New(rest[n])
		size += len(m.Title) + len(m.Link) + 120
		if n > 0 && size > r.digestBytes() {
			break
		}
		n++
	}
	return rest[:n], 0
}

func messages(alerts []hub.Alert) message.Message {
	ms := make([]message.Message, len(alerts))
	for i, a := range alerts {
		ms[i] = message.New(a)
	}
	return message.Digest(ms)
}

func appendAll(receipts []hub.Receipt, alerts []hub.Alert, r hub.Receipt) []hub.Receipt {
	for _, a := range alerts {
		r.Alert = a.ID
		receipts = append(receipts, r)
	}
	return receipts
}

// post sends one message and judges the answer by its body.
func (r *Robot) post(ctx context.Context, m message.Message) hub.Receipt {
	now := r.clock.Now()
	to, body := r.request(m, now)
	raw, err := json.Marshal(body)
	if err != nil {
		return hub.Receipt{Outcome: hub.Refused, Reason: "message cannot be encoded"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(raw))
	if err != nil {
		return later("bad address", 0)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := r.http.Do(req)
	if err != nil {
		if errors.Is(err, egress.ErrBlocked) {
			return later(egress.ErrBlocked.Error(), 0)
		}
		return later("robot did not answer", 0)
	}
	defer func() { _ = resp.Body.Close() }()
	got, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return r.judge(resp.StatusCode, got, now)
}

func later(reason string, wait time.Duration) hub.Receipt {
	return hub.Receipt{Outcome: hub.RetryLater, Reason: reason, RetryAfter: wait}
}

// judge reads the answer: HTTP 200 with an error code is a failure, shown in
// the vendor's own words.
func (r *Robot) judge(status int, body []byte, now time.Time) hub.Receipt {
	if status/100 != 2 && len(body) == 0 {
		return later("HTTP "+strconv.Itoa(status), 0)
	}
	var a struct {
		ErrCode *int   `json:"errcode"` // WeCom, DingTalk
		ErrMsg  string `json:"errmsg"`
		Code    *int   `json:"code"` // Feishu
		Msg     string `json:"msg"`
		Old     *int   `json:"StatusCode"` // Feishu, older installations
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return later("HTTP "+strconv.Itoa(status)+": "+message.Cut(string(body), 200), 0)
	}
	code, text := a.ErrCode, a.ErrMsg
	if r.vendor == Feishu {
		if code, text = a.Code, a.Msg; code == nil {
			code = a.Old
		}
	}
	switch {
	case code == nil:
		return later("HTTP "+strconv.Itoa(status)+": "+message.Cut(string(body), 200), 0)
	case *code == 0:
		return hub.Receipt{Outcome: hub.Delivered}
	}
	reason := "errcode " + strconv.Itoa(*code) + ": " + message.Cut(text, 500)
	if quiet, ok := r.silence(*code); ok {
		r.pace.hush(now, quiet)
		return later(reason, quiet)
	}
	return later(reason, 0)
}

// silence says for how long a code asks the robot to be quiet.
func (r *Robot) silence(code int) (time.Duration, bool) {
	switch {
	case r.vendor == WeCom && code == 45009, r.vendor == Feishu && (code == 11232 || code == 11247):
		return time.Minute, true
	case r.vendor == DingTalk && (code == 130101 || code == 410100):
		return 10 * time.Minute, true
	}
	return 0, false
}
