package channels

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/lint"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/postgres/channel"
)

// longest is how long a request for news may wait.
const longest = 25 * time.Second

// Routes are the JSON face of the manager.
func (m *Manager) Routes() []api.Route {
	route := func(method, path string, right access.Right, summary string, h func(*http.Request) (any, error)) api.Route {
		return api.Route{Method: method, Path: path, Right: right, Reach: access.NoCases, Summary: summary, Handle: h}
	}
	tail := route("GET", "/api/v1/traffic", access.ReadChannels, "生产地址上实际收到了什么，个人信息已遮盖；wait 秒内有新的就返回", m.apiTail)
	tail.Query = []api.Param{{Name: "channel", Summary: "只看这个渠道"}, {Name: "outcome", Summary: "只看这种结果"}, {Name: "after", Summary: "从哪里往后"}, {Name: "limit", Summary: "最多多少条"}, {Name: "wait", Summary: "最多等多少秒"}}
	letters := route("GET", "/api/v1/dead", access.ReadChannels, "列出死信，新的在前", m.apiLetters)
	letters.Query = []api.Param{{Name: "channel", Summary: "只看这个渠道"}, {Name: "limit", Summary: "最多多少封"}, {Name: "offset", Summary: "跳过多少封"}}
	rotate := route("POST", "/api/v1/channels/{code}/keys", access.WireChannels, "生成新密钥；step=promote 提升，step=revoke 作废", m.apiRotate)
	rotate.Query = []api.Param{{Name: "step", Summary: "promote 或 revoke；不填为生成"}}
	hits := route("GET", "/api/v1/listen/{token}", access.WireChannels, "测试地址上收到了什么", m.apiHits)
	hits.Query = []api.Param{{Name: "after", Summary: "前多少条已经看过"}, {Name: "wait", Summary: "最多等多少秒"}}
	return []api.Route{
		route("GET", "/api/v1/channels", access.ReadChannels, "列出渠道和近况", m.apiList),
		route("GET", "/api/v1/channels/schema", access.ReadChannels, "渠道文件的 JSON Schema", func(*http.Request) (any, error) { return lint.Schema(m.Registry), nil }),
		route("POST", "/api/v1/channels/{code}/listen", access.WireChannels, "开一个 120 秒的测试地址", func(r *http.Request) (any, error) { return m.Listen(codeOf(r)) }),
		hits, tail, rotate, letters,
		route("GET", "/api/v1/dead/{id}", access.WireChannels, "一封死信的原因和原文", m.apiLetter),
		route("PUT", "/api/v1/dead/{id}", access.WireChannels, "用改好的内容换掉死信的原文", m.apiRepair),
		route("POST", "/api/v1/dead/{id}/replay", access.WireChannels, "重投一封死信", m.apiReplayLetter),
		route("POST", "/api/v1/replay", access.WireChannels, "重放一段时间里收下的来件；dry_run 只数一数", m.apiReplay),
	}
}

func codeOf(r *http.Request) hub.ChannelCode { return hub.ChannelCode(r.PathValue("code")) }

func (m *Manager) apiList(r *http.Request) (any, error) {
	list, err := m.List(r.Context())
	return map[string]any{"channels": list}, err
}

// waiting bounds a request for news by what was asked for.
func waiting(r *http.Request) (context.Context, context.CancelFunc) {
	n, _ := strconv.Atoi(r.URL.Query().Get("wait"))
	return context.WithTimeout(r.Context(), min(max(time.Duration(n)*time.Second, time.Millisecond), longest))
}

func (m *Manager) apiHits(r *http.Request) (any, error) {
	t, err := m.Test(r.PathValue("token"))
	if err != nil {
		return nil, err
	}
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	ctx, cancel := waiting(r)
	defer cancel()
	left := t.Until.Sub(m.Clock.Now())
	ctx, stop := context.WithTimeout(ctx, max(left, time.Millisecond))
	defer stop()
	hits := t.Hits(ctx, max(after, 0))
	return map[string]any{"hits": append([]Hit{}, hits...), "next": after + len(hits), "open": m.Clock.Now().Before(t.Until)}, nil
}

func (m *Manager) apiTail(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := TailFilter{Channel: hub.ChannelCode(q.Get("channel")), Outcome: q.Get("outcome")}
	f.After, _ = strconv.ParseInt(q.Get("after"), 10, 64)
	f.Limit, _ = strconv.Atoi(q.Get("limit"))
	ctx, cancel := waiting(r)
	defer cancel()
	arrivals, last := m.Tail(ctx, f)
	return map[string]any{"arrivals": append([]Arrival{}, arrivals...), "next": last}, nil
}

func (m *Manager) apiRotate(r *http.Request) (any, error) {
	code := codeOf(r)
	var err error
	out := map[string]any{"channel": code}
	switch step := r.URL.Query().Get("step"); step {
	case "promote":
		err = m.Promote(r.Context(), code)
	case "revoke":
		err = m.Revoke(r.Context(), code)
	case "":
		out["key"], err = m.Rotate(r.Context(), code)
	default:
		return nil, hub.Errorf(hub.CodeInvalid, "query.invalid", "step")
	}
	if err != nil {
		return nil, err
	}
	out["keys"], err = m.Store.Keys(r.Context(), code)
	return out, err
}

// A LetterView is a letter as people see it: in the list without its bytes.
type LetterView struct {
	channel.Letter
	Payload string `json:"payload,omitempty"` // text, or bytes in hexadecimal
	Text    bool   `json:"text"`              // Payload is text
}

func viewOf(l channel.Letter, full bool) LetterView {
	v := LetterView{Letter: l}
	v.Letter.Payload = nil
	text := readable(l.Payload, l.MediaType)
	v.Text = text != hexDump(l.Payload)
	if full {
		v.Payload = text
	} else if r := []rune(mask.Text(text)); v.Text {
		v.Payload = string(r[:min(len(r), 80)])
	}
	return v
}

func (m *Manager) apiLetters(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := channel.LetterFilter{Channel: hub.ChannelCode(q.Get("channel")), Limit: 50}
	if n, err := strconv.Atoi(q.Get("limit")); err == nil {
		f.Limit = n
	}
	f.Offset, _ = strconv.Atoi(q.Get("offset"))
	letters, total, err := m.Letters(r.Context(), f)
	if err != nil {
		return nil, err
	}
	views := []LetterView{}
	for _, l := range letters {
		views = append(views, viewOf(l, false))
	}
	return map[string]any{"total": total, "letters": views}, nil
}

func idOf(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, hub.Errorf(hub.CodeNotFound, "dead_letter.not_found", r.PathValue("id"))
	}
	return id, nil
}

func (m *Manager) apiLetter(r *http.Request) (any, error) {
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	l, err := m.Store.ShowLetter(r.Context(), id)
	return viewOf(l, true), err
}

func (m *Manager) apiRepair(r *http.Request) (any, error) {
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	body, err := adapters.ReadBody(nil, r, adapters.MaxBody)
	if err != nil {
		return nil, err
	}
	media := r.Header.Get("Content-Type")
	if strings.HasPrefix(media, "application/octet-stream") {
		media = ""
	}
	if err := m.Repair(r.Context(), id, body, media); err != nil {
		return nil, err
	}
	return map[string]any{"id": id, "repaired": true}, nil
}

// Repair puts other bytes into a letter; an empty media type leaves its own.
// It was shown as UTF-8, and comes back so; the channel reads its own charset.
func (m *Manager) Repair(ctx context.Context, id int64, body []byte, media string) error {
	l, err := m.Store.Letter(ctx, id)
	if err != nil {
		return err
	}
	if media == "" {
		media = l.MediaType
	}
	if c := m.running[l.Channel]; c != nil && utf8.Valid(body) {
		if body, err = decode.FromUTF8(body, c.config.Decode.Charset); err != nil {
			return err
		}
	}
	return m.Store.RepairLetter(ctx, id, body, media)
}

func (m *Manager) apiReplayLetter(r *http.Request) (any, error) {
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	answers, err := m.ReplayLetter(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": id, "replayed": true, "accepted": append([]hub.Acceptance{}, answers...)}, nil
}

func (m *Manager) apiReplay(r *http.Request) (any, error) {
	var q struct {
		Channel  hub.ChannelCode `json:"channel"`
		From, To time.Time
		DryRun   bool `json:"dry_run"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<16)).Decode(&q); err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "json.invalid", Args: []any{err.Error()}, Err: err}
	}
	return m.ReplayWindow(r.Context(), q.Channel, q.From, q.To, q.DryRun)
}
