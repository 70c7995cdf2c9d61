package sms_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/relay/sms"
)

// A citizen's message goes to their telephone alone, under the same number each
// time, and is shortened to what was ordered.
func TestOneMessageToOneTelephone(t *testing.T) {
	var got []map[string]string
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var m map[string]string
		_ = json.Unmarshal(body, &m)
		got = append(got, m)
		_, _ = io.WriteString(w, `{"Code":"OK"}`)
	}))
	defer gateway.Close()
	config := sms.Config{URL: gateway.URL, SignName: "白银民情", MaxParts: 1, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	d, err := sms.NewDirect(config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	text := sms.Text{
		ID: "BY1.4.citizen", Phone: "19912345678", Code: "MS_C06", Params: map[string]string{"title": strings.Repeat("暖", 90), "link": "https://x/t/BY1"},
		Write: func(v map[string]string) string { return v["title"] + "已办结：" + v["link"] },
	}
	for range 2 {
		if r := d.Send(t.Context(), text); r.Outcome != hub.Delivered || r.Facts["sms_parts"] != "1" {
			t.Fatalf("%+v", r)
		}
	}
	if len(got) != 2 || got[0]["OutId"] != got[1]["OutId"] || got[0]["PhoneNumbers"] != "19912345678" || got[0]["TemplateCode"] != "MS_C06" {
		t.Errorf("the gateway got %v", got)
	}
	if params := got[0]["TemplateParam"]; !strings.Contains(params, "https://x/t/BY1") || !strings.Contains(params, "…") {
		t.Errorf("the title was not shortened, or the link was: %s", params)
	}
	text.Phone = "0943-8221234"
	if r := d.Send(t.Context(), text); r.Outcome != hub.Refused || len(got) != 2 {
		t.Errorf("a landline: %+v", r)
	}
	if _, err := sms.NewDirect(sms.Config{URL: gateway.URL, SignName: "x", MaxParts: 1}); hub.CodeOf(err) != hub.CodeInvalid && err == nil {
		t.Error("a closed network is reached")
	}
}
