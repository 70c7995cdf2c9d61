package hotline_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/hotline"
	"github.com/mashang-hub/mashang/hub"
)

// The platform hears of status, reply and what is sent back with its reason,
// in its own format and character set.
func TestThePlatformIsToldOfItsOrders(t *testing.T) {
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text, _ := simplifiedchinese.GB18030.NewDecoder().String(string(body))
		seen = append(seen, r.Header.Get("Content-Type")+" "+text)
	}))
	defer server.Close()
	s := adaptertest.Suite{Spec: hotline.Spec(), Options: options + `
callback:
  url: ` + server.URL + `
  media_type: application/xml; charset=gb18030
  body: '{"工单编号": external_id, "环节": step, "说明": text}'
`}
	s.Deps.Demo = true
	a, err := s.New(&adaptertest.Intake{})
	if err != nil {
		t.Fatal(err)
	}
	n := a.(adapters.Notifier)
	if !n.Notifies() {
		t.Fatal("the platform is not told")
	}
	for _, step := range []adapters.Step{
		{ID: "BY1.3", ExternalID: "W1", Type: hub.SentBack, Text: "不属本单位职责", At: time.Now()},
		{ID: "BY1.4", ExternalID: "W1", Type: hub.Instructed, Text: "内部批示", At: time.Now()},
		{ID: "BY1.5", ExternalID: "W1", Type: hub.Resolved, Text: "大水䃎村已供暖", At: time.Now()},
	} {
		if err := n.Notify(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
	const head = "application/xml; charset=gb18030 <case><工单编号>W1</工单编号><环节>"
	if len(seen) != 2 || seen[0] != head+"sent_back</环节><说明>不属本单位职责</说明></case>" ||
		seen[1] != head+"resolved</环节><说明>大水䃎村已供暖</说明></case>" {
		t.Errorf("told %q", seen)
	}
}

// After an outage the platform sends a window again: what was taken keeps its
// number. The call's record, the agent's notes and the rest stay with the case.
func TestCatchUpAfterAnOutage(t *testing.T) {
	s := adaptertest.Suite{Spec: hotline.Spec(), Options: options}
	in := &adaptertest.Intake{}
	a, err := s.New(in)
	if err != nil {
		t.Fatal(err)
	}
	const first = `{"工单编号":"W1","诉求内容":"停暖","录音编号":"R-77","话务员备注":"老人独居"}`
	const second = `{"工单编号":"W2","诉求内容":"停水"}`
	post := func(body string) string {
		r := httptest.NewRequest(http.MethodPost, "/in/hotline", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-ndjson")
		r.Header.Set("Authorization", "Bearer t")
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		return w.Body.String()
	}
	post(first)
	got := post(first + "\n" + second)
	want := `{"results":[{"external_id":"W1","receipt":"r_1","tracking":"BY1","status_url":"/t/BY1","duplicate":true},` +
		`{"external_id":"W2","receipt":"r_2","tracking":"BY2","status_url":"/t/BY2"}]}` + "\n"
	if got != want {
		t.Errorf("sent again: %s", got)
	}
	taken := in.Taken()
	if x := taken[0].Extra; x["录音编号"] != "R-77" || x["话务员备注"] != "老人独居" {
		t.Errorf("kept %v", x)
	}
}
