package sms_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
	"github.com/mashang-hub/mashang/plugins/relay/message"
	"github.com/mashang-hub/mashang/plugins/relay/sms"
)

// A gateway takes what the public ones take.
type gateway struct {
	sent   []map[string]string
	answer string
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]string
	if r.Header.Get("Authorization") != "Bearer s3cret" || json.NewDecoder(r.Body).Decode(&body) != nil {
		fmt.Fprint(w, `{"Code":"SignatureDoesNotMatch","Message":"bad token"}`)
		return
	}
	if g.answer != "" {
		fmt.Fprint(w, g.answer)
		return
	}
	var params map[string]string
	switch {
	case body["SignName"] != "码上" || body["TemplateCode"] != "SMS_1":
		fmt.Fprint(w, `{"Code":"isv.SMS_TEMPLATE_ILLEGAL","Message":"模板不合法"}`)
	case json.Unmarshal([]byte(body["TemplateParam"]), &params) != nil || body["OutId"] == "":
		fmt.Fprint(w, `{"Code":"isv.INVALID_JSON_PARAM","Message":"JSON参数不合法"}`)
	default:
		g.sent = append(g.sent, body)
		fmt.Fprint(w, `{"Code":"OK","Message":"OK","BizId":"1^0","RequestId":"R"}`)
	}
}

func open(t *testing.T, edit func(*sms.Config)) (*gateway, *sms.Gateway) {
	t.Helper()
	g := &gateway{}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	c := sms.Default()
	c.URL, c.Token, c.Allow = server.URL, "s3cret", egress.Loopback()
	c.Phones, c.SignName, c.TemplateCode = []string{"13900000001", "13900000002"}, "码上", "SMS_1"
	edit(&c)
	out, err := sms.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	return g, out
}

func alert(title string) hub.Alert {
	return hub.Alert{
		ID: "BY1.2.heating", Case: "BY1", Event: hub.Assigned, Due: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
		Content: hub.Content{Title: title, Extra: map[string]string{message.ReceiptURL: "https://hub.example/d/1"}},
	}
}

func TestTemplateAndParts(t *testing.T) {
	g, out := open(t, func(*sms.Config) {})
	r := out.Send(t.Context(), []hub.Alert{alert("暖气不热，电话13912341234")})[0]
	if r.Outcome != hub.Delivered || r.Facts["sms_parts"] != "4" || r.Alert != "BY1.2.heating" {
		t.Errorf("%+v", r)
	}
	sent := g.sent[0]
	if sent["PhoneNumbers"] != "13900000001,13900000002" || sent["OutId"] != "BY1.2.heating" ||
		!strings.Contains(sent["TemplateParam"], `"due":"11-23 18:00"`) || strings.Contains(sent["TemplateParam"], "13912341234") {
		t.Errorf("%v", sent)
	}
	long := out.Send(t.Context(), []hub.Alert{alert(strings.Repeat("冷", 1000))})[0]
	if long.Facts["sms_parts"] != "6" {
		t.Errorf("a long title: %+v", long)
	}
}

func TestParts(t *testing.T) {
	for text, want := range map[string]int{
		"": 1, strings.Repeat("冷", 70): 1, strings.Repeat("冷", 71): 2, strings.Repeat("冷", 134): 2,
		strings.Repeat("冷", 135): 3, strings.Repeat("𠮷", 35): 1, strings.Repeat("𠮷", 36): 2,
	} {
		if got := sms.Parts(text); got != want {
			t.Errorf("%d characters: %d parts, want %d", len([]rune(text)), got, want)
		}
	}
}

func TestAnswers(t *testing.T) {
	g, out := open(t, func(c *sms.Config) { c.Events = []hub.EventType{hub.Assigned} })
	for answer, want := range map[string]time.Duration{
		`{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"触发天级流控"}`: time.Hour,
		`{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"账户余额不足"}`:      0,
		`<html>`: 0,
	} {
		g.answer = answer
		if r := out.Send(t.Context(), []hub.Alert{alert("x")})[0]; r.Outcome != hub.RetryLater || r.RetryAfter != want || r.Reason == "" {
			t.Errorf("%s: %+v", answer, r)
		}
	}
	g.answer = ""
	other := alert("x")
	other.Event = hub.PartDone
	if r := out.Send(t.Context(), []hub.Alert{other})[0]; r.Outcome != hub.Delivered || len(g.sent) != 0 {
		t.Errorf("an event that nobody wants: %+v", r)
	}
}

func TestWrongToken(t *testing.T) {
	_, out := open(t, func(c *sms.Config) { c.Token = "other" })
	if r := out.Send(t.Context(), []hub.Alert{alert("x")})[0]; !strings.Contains(r.Reason, "SignatureDoesNotMatch") {
		t.Errorf("%+v", r)
	}
}
