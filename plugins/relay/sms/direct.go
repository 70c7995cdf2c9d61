package sms

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
)

// A Text (短信) is one message to one telephone.
type Text struct {
	ID    string // the gateway's OutId: the same over retries
	Phone string
	// Code is the template's number; Params are its values, of which "title"
	// is shortened when the message takes too many parts.
	Code   string
	Params map[string]string
	// Write puts values into the template's words, to count the parts.
	Write func(params map[string]string) string
}

// A Direct (逐人短信) sends to telephones that each message names. It is safe for
// concurrent use.
type Direct struct{ gateway *Gateway }

// NewDirect checks config, in which Phones, TemplateCode, Text and Events do
// not count, and returns its gateway.
func NewDirect(config Config) (*Direct, error) {
	if err := config.checkGateway(); err != nil {
		return nil, err
	}
	return &Direct{&Gateway{config: config, http: egress.New(config.Allow...).Client(15 * time.Second)}}, nil
}

// Close drops idle connections.
func (d *Direct) Close() error { return d.gateway.Close() }

// Send sends t. An address without a mobile telephone is refused for good.
func (d *Direct) Send(ctx context.Context, t Text) hub.Receipt {
	if !phone.MatchString(t.Phone) {
		return hub.Receipt{Outcome: hub.Refused, Reason: "no mobile telephone"}
	}
	config := d.gateway.config
	for title := []rune(t.Params["title"]); len(title) > 1 && Parts(d.signed(t)) > config.MaxParts; title = []rune(t.Params["title"]) {
		t.Params["title"] = string(title[:len(title)-2]) + "…"
	}
	body, err := json.Marshal(map[string]string{
		"PhoneNumbers": t.Phone, "SignName": config.SignName, "TemplateCode": t.Code, "TemplateParam": encode(t.Params), "OutId": t.ID,
	})
	if err != nil {
		return hub.Receipt{Outcome: hub.Refused, Reason: "message cannot be encoded"}
	}
	r := d.gateway.post(ctx, body)
	r.Facts = map[string]string{"sms_parts": strconv.Itoa(Parts(d.signed(t)))}
	return r
}

func (d *Direct) signed(t Text) string {
	return "【" + d.gateway.config.SignName + "】" + t.Write(t.Params)
}
