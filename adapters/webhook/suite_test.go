package webhook_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/adapters/proof"
	"github.com/mashang-hub/mashang/adapters/webhook"
	"github.com/mashang-hub/mashang/hub"
)

func config(t proof.Type, f decode.Format, charset string) adapters.Config {
	c := adapters.Config{
		Auth: proof.Config{Type: t, User: "u", Keys: []proof.Secret{"old-key-old-key", "new-key-new-key"}}, Decode: decode.Options{Format: f, Charset: charset},
		Map: mapping.Config{ExternalID: "单号", Text: "内容", Phone: "phone(电话)", SubmittedAt: "date(时间)", Kind: "类型"},
	}
	if t == proof.Standard {
		c.Auth.Keys = []proof.Secret{proof.Secret(proof.Generate(t))}
	}
	return c
}

func want() hub.Submission {
	return hub.Submission{ExternalID: "G1", Kind: hub.KindComplaint, Content: hub.Content{Text: "大水䃎村停暖", Reporter: hub.Reporter{Phone: "13900001111"}}}
}

const envelope = `<s:Envelope xmlns:s="%s"><s:Body><submit xmlns="urn:x"><单号>G1</单号><内容>大水䃎村停暖</内容><电话>139 0000 1111</电话><类型>投诉</类型></submit></s:Body></s:Envelope>`

func TestSuite(t *testing.T) {
	gb := func(s string) string {
		out, err := simplifiedchinese.GB18030.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	const text = `{"单号":"G1","内容":"大水䃎村停暖","电话":"139 0000 1111","类型":"投诉","时间":"2026年11月23日"}`
	form := url.Values{"单号": {"G1"}, "内容": {"大水䃎村停暖"}, "电话": {"13900001111"}, "类型": {"投诉"}}
	bad := []adaptertest.Sample{{MediaType: "application/json", Body: "{"}, {MediaType: "application/json", Body: `{"单号":"","内容":"x"}`}, {MediaType: "application/json", Body: `{"单号":"1","内容":"x","时间":"昨天"}`}}
	for name, c := range map[string]struct {
		config adapters.Config
		good   adaptertest.Sample
		bad    []adaptertest.Sample
	}{
		"json key":      {config(proof.Key, decode.JSON, ""), adaptertest.Sample{MediaType: "application/json", Body: text}, bad},
		"json standard": {config(proof.Standard, "", ""), adaptertest.Sample{MediaType: "application/json", Body: text}, bad},
		"gb sm3":        {config(proof.SM3, decode.JSON, "gb18030"), adaptertest.Sample{MediaType: "application/json", Body: gb(text)}, bad[:1]},
		"xml hmac":      {config(proof.HMAC, "", ""), adaptertest.Sample{MediaType: "text/xml", Body: "<a><单号>G1</单号><内容>大水䃎村停暖</内容><电话>13900001111</电话><类型>投诉</类型></a>"}, []adaptertest.Sample{{MediaType: "text/xml", Body: `<!DOCTYPE a><a/>`}}},
		"form basic":    {config(proof.Basic, "", ""), adaptertest.Sample{MediaType: "application/x-www-form-urlencoded", Body: form.Encode()}, []adaptertest.Sample{{MediaType: "image/png", Body: "x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, adaptertest.Suite{Spec: webhook.Spec(), Config: c.config, Good: c.good, Want: want(), Bad: c.bad})
		})
	}
}

func TestOrderPerID(t *testing.T) {
	adaptertest.Run(t, adaptertest.Suite{
		Spec: webhook.Spec(), Config: config(proof.Key, decode.JSON, ""), Want: want(),
		Good: adaptertest.Sample{MediaType: "application/json", Body: `{"单号":"G1","内容":"大水䃎村停暖","电话":"13900001111","类型":"投诉"}`},
		Message: func(id string, n int) adaptertest.Sample {
			return adaptertest.Sample{MediaType: "application/json", Body: fmt.Sprintf(`{"单号":%q,"内容":"v%d"}`, id, n)}
		},
	})
}

// post sends to a channel and returns its answer.
func post(t *testing.T, c adapters.Config, in adapters.Intake, media, body string) *httptest.ResponseRecorder {
	t.Helper()
	c.Auth.Type = proof.None
	a, err := webhook.New(c, in, adapters.Deps{}.Complete())
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/in/x", strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w
}

func TestSOAPIsAnsweredInItsEnvelope(t *testing.T) {
	for media, space := range map[string]string{"text/xml": "http://schemas.xmlsoap.org/soap/envelope/", "application/soap+xml": "http://www.w3.org/2003/05/soap-envelope"} {
		in := &adaptertest.Intake{}
		w := post(t, config(proof.None, decode.SOAP, ""), in, media, fmt.Sprintf(envelope, space))
		if w.Code != 202 || !strings.Contains(w.Body.String(), space) || !strings.Contains(w.Body.String(), "<tracking>BY1</tracking>") || in.Taken()[0].Text != "大水䃎村停暖" {
			t.Errorf("%s: %d %s", media, w.Code, w.Body)
		}
		w = post(t, config(proof.None, decode.SOAP, ""), in, media, strings.Replace(fmt.Sprintf(envelope, space), "G1", "", 1))
		if w.Code != 400 || !strings.Contains(w.Body.String(), ":Fault>") || !strings.Contains(w.Body.String(), "没有编号") {
			t.Errorf("%s: %d %s, want a fault", media, w.Code, w.Body)
		}
		in.Fail(hub.Errorf(hub.CodeUnavailable, "intake.unavailable"))
		if w = post(t, config(proof.None, decode.SOAP, ""), in, media, fmt.Sprintf(envelope, space)); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d, want 503 with Retry-After", media, w.Code)
		}
	}
}

func TestReplyOfOnesOwn(t *testing.T) {
	c := config(proof.None, decode.JSON, "")
	c.Reply = adapters.Reply{
		MediaType: "application/json; charset=gb18030", Status: 200, Accepted: `{"code": 0, "编号": tracking, "单号": doc["单号"]}`,
		RefusedStatus: 422, Refused: `{"code": 1, "msg": detail}`,
	}
	in := &adaptertest.Intake{}
	w := post(t, c, in, "application/json", `{"单号":"1","内容":"冷"}`)
	text, _ := decode.ToUTF8(w.Body.Bytes(), "gb18030")
	if w.Code != 200 || string(text) != `{"code":0,"单号":"1","编号":"BY1"}` {
		t.Errorf("%d %s", w.Code, text)
	}
	w = post(t, c, in, "application/json", `{"单号":"1"`)
	if text, _ := decode.ToUTF8(w.Body.Bytes(), "gb18030"); w.Code != 422 || !strings.Contains(string(text), "JSON") {
		t.Errorf("%d %s", w.Code, text)
	}
}

func TestBatchAndSkip(t *testing.T) {
	c := config(proof.None, decode.JSON, "")
	c.Decode.Items, c.Map.SkipIf = "list", `内容 == "作废"`
	in := &adaptertest.Intake{}
	w := post(t, c, in, "application/json", `{"list":[{"单号":"1","内容":"冷"},{"单号":"2","内容":"作废"},{"单号":"","内容":"x"},{"单号":"4","内容":"冷"}]}`)
	if w.Code != 202 || len(in.Taken()) != 2 || strings.Count(w.Body.String(), `"ok":true`) != 3 || !strings.Contains(w.Body.String(), "没有编号") {
		t.Errorf("%d %s, taken %d", w.Code, w.Body, len(in.Taken()))
	}
}

func TestMultipartWithPhotosAndLargeRaw(t *testing.T) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("单号", "1")
	_ = m.WriteField("内容", "冷")
	part, _ := m.CreateFormFile("photo", "现场.jpg")
	_, _ = part.Write(append([]byte("\xff\xd8\xff"), make([]byte, 300<<10)...))
	_ = m.Close()
	c := config(proof.None, "", "")
	c.Map.Attachments = "files"
	in := &adaptertest.Intake{}
	a, err := webhook.New(c, in, adapters.Deps{SaveAttachment: adaptertest.SaveAttachment}.Complete())
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/in/x", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	if w.Code != 202 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	s := in.Taken()[0]
	if len(s.Attachments) != 2 || s.Attachments[0].MediaType != "image/jpeg" || s.Attachments[1].Name != "原始报文" || len(s.Raw) > 1000 {
		t.Errorf("attachments %+v, raw %d bytes", s.Attachments, len(s.Raw))
	}
}
