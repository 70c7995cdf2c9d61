// Package sms pushes alerts as short messages through a gateway's template.
//
// A gateway is an HTTP service with the fields of the common public ones:
// PhoneNumbers, SignName, TemplateCode, TemplateParam and OutId, the alert's id.
// It refuses to send what was not counted first: every receipt says how many
// parts the message took. Start with New.
package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/plugins/relay/message"
	"github.com/mashang-hub/mashang/plugins/webhook"
)

// A Config is the configuration of a gateway.
type Config struct {
	// URL takes the messages by POST, as JSON.
	URL string `json:"url"`
	// Token goes along as "Authorization: Bearer".
	Token webhook.Secret `json:"token"`
	// Phones are who gets them, at most 1000.
	Phones []string `json:"phones"`
	// SignName and TemplateCode are as the gateway approved them.
	SignName     string `json:"sign_name"`
	TemplateCode string `json:"template_code"`
	// Text is the approved template, from which the parts are counted. It may
	// use ${title}, ${case}, ${place}, ${due} and ${link}.
	Text string `json:"text"`
	// MaxParts bounds the length: the title is shortened to fit.
	MaxParts int `json:"max_parts"`
	// Events are those worth a short message; none means all.
	Events []hub.EventType `json:"events"`
	// Allow lists private networks that may be reached.
	Allow []netip.Prefix `json:"allow"`
}

// Default returns a template in Chinese of at most 3 parts.
func Default() Config {
	return Config{Text: "${title}，事项${case}，请于${due}前办理。${link}", MaxParts: 3}
}

var (
	phone = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	field = regexp.MustCompile(`\$\{([a-z]+)\}`)
)

// Validate says the first thing that is wrong.
func (c Config) Validate() error {
	if err := c.checkGateway(); err != nil {
		return err
	}
	if len(c.Phones) == 0 || len(c.Phones) > 1000 {
		return hub.Errorf(hub.CodeInvalid, "sms.phones")
	}
	for _, p := range c.Phones {
		if !phone.MatchString(p) {
			return hub.Errorf(hub.CodeInvalid, "sms.phones")
		}
	}
	if c.TemplateCode == "" || c.Text == "" {
		return hub.Errorf(hub.CodeInvalid, "sms.template")
	}
	for _, f := range field.FindAllStringSubmatch(c.Text, -1) {
		if _, ok := values(message.Message{}, hub.Alert{})[f[1]]; !ok {
			return hub.Errorf(hub.CodeInvalid, "sms.field", f[1])
		}
	}
	return nil
}

// checkGateway looks at what every kind of message needs.
func (c Config) checkGateway() error {
	if c.SignName == "" || c.MaxParts < 1 {
		return hub.Errorf(hub.CodeInvalid, "sms.template")
	}
	return egress.New(c.Allow...).CheckURL(c.URL)
}

// A Gateway sends to one department's telephones. It is safe for concurrent use.
type Gateway struct {
	config Config
	http   *http.Client
}

// New checks config and returns its gateway.
func New(config Config) (*Gateway, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return &Gateway{config: config, http: egress.New(config.Allow...).Client(15 * time.Second)}, nil
}

// Close drops idle connections.
func (g *Gateway) Close() error {
	g.http.CloseIdleConnections()
	return nil
}

// Parts counts the parts (条数) of a short message: 70 characters in one, 67 in
// each of several. A character beyond the basic plane counts twice.
func Parts(text string) int {
	n := len(utf16.Encode([]rune(text)))
	if n <= 70 {
		return 1
	}
	return (n + 66) / 67
}

// Send sends one message per alert and returns a receipt for each.
func (g *Gateway) Send(ctx context.Context, alerts []hub.Alert) []hub.Receipt {
	receipts := make([]hub.Receipt, len(alerts))
	for i, a := range alerts {
		receipts[i] = g.one(ctx, a)
		receipts[i].Alert = a.ID
	}
	return receipts
}

func (g *Gateway) one(ctx context.Context, a hub.Alert) hub.Receipt {
	if !g.wants(a.Event) {
		return hub.Receipt{Outcome: hub.Delivered, Reason: "event is not for short messages"}
	}
	params := g.fit(a)
	parts := Parts(g.text(params))
	body, err := json.Marshal(map[string]string{
		"PhoneNumbers": strings.Join(g.config.Phones, ","), "SignName": g.config.SignName,
		"TemplateCode": g.config.TemplateCode, "TemplateParam": encode(params), "OutId": string(a.ID),
	})
	if err != nil {
		return hub.Receipt{Outcome: hub.Refused, Reason: "message cannot be encoded"}
	}
	r := g.post(ctx, body)
	r.Facts = map[string]string{"sms_parts": strconv.Itoa(parts * len(g.config.Phones))}
	return r
}

func (g *Gateway) wants(e hub.EventType) bool {
	if slices.Contains(g.config.Events, e) {
		return true
	}
	return len(g.config.Events) == 0
}

func encode(params map[string]string) string {
	b, err := json.Marshal(params)
	if err != nil {
		return "{}"
	}
	return string(b)
}

func values(m message.Message, a hub.Alert) map[string]string {
	v := map[string]string{"title": m.Title, "case": string(a.Case), "place": string(a.Place), "due": "", "link": m.Link}
	if a.Content.PlaceText != "" {
		v["place"] = a.Content.PlaceText
	}
	if !a.Due.IsZero() {
		v["due"] = message.Local(a.Due)
	}
	return v
}

// fit returns the template's values with the title shortened until the whole
// takes no more than MaxParts.
func (g *Gateway) fit(a hub.Alert) map[string]string {
	v := values(message.New(a), a)
	used := map[string]string{}
	for _, f := range field.FindAllStringSubmatch(g.config.Text, -1) {
		used[f[1]] = v[f[1]]
	}
	for Parts(g.text(used)) > g.config.MaxParts {
		title := []rune(used["title"])
		if len(title) <= 1 {
			break
		}
		used["title"] = string(title[:len(title)-2]) + "…"
	}
	return used
}

// text is what the telephone shows.
func (g *Gateway) text(params map[string]string) string {
	body := field.ReplaceAllStringFunc(g.config.Text, func(s string) string { return params[s[2:len(s)-1]] })
	return "【" + g.config.SignName + "】" + body
}

func (g *Gateway) post(ctx context.Context, body []byte) hub.Receipt {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.config.URL, bytes.NewReader(body))
	if err != nil {
		return later("bad address", 0)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if g.config.Token != "" {
		req.Header.Set("Authorization", "Bearer "+string(g.config.Token))
	}
	resp, err := g.http.Do(req)
	if err != nil {
		if errors.Is(err, egress.ErrBlocked) {
			return later(egress.ErrBlocked.Error(), 0)
		}
		return later("gateway did not answer", 0)
	}
	defer func() { _ = resp.Body.Close() }()
	got, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	var a struct{ Code, Message string }
	if json.Unmarshal(got, &a) != nil || a.Code == "" {
		return later("HTTP "+strconv.Itoa(resp.StatusCode)+": "+message.Cut(string(got), 200), 0)
	}
	switch {
	case a.Code == "OK":
		return hub.Receipt{Outcome: hub.Delivered}
	case strings.Contains(a.Code, "LIMIT_CONTROL"): // so many a minute, an hour or a day to one telephone
		return later(a.Code+": "+message.Cut(a.Message, 300), time.Hour)
	}
	return later(a.Code+": "+message.Cut(a.Message, 300), 0)
}

func later(reason string, wait time.Duration) hub.Receipt {
	return hub.Receipt{Outcome: hub.RetryLater, Reason: reason, RetryAfter: wait}
}
