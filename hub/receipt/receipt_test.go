package receipt_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/receipt"
)

// A desk is a case and what was done to it.
type desk struct {
	c        hub.Case
	updates  []hub.Update
	feedback []receipt.Feedback
	photos   int
	fail     error
}

func (d *desk) open(_ context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	if id != d.c.ID {
		return hub.Case{}, hub.Submission{}, hub.Errorf(hub.CodeNotFound, "case.not_found", string(id))
	}
	return d.c, hub.Submission{Content: hub.Content{Title: "暖气不热<script>", Text: "请联系13912341234", Reporter: hub.Reporter{Name: "张三丰"}}}, nil
}

var now = time.Date(2026, 11, 22, 10, 5, 0, 0, time.UTC)

func serve(t *testing.T) (*desk, http.Handler, receipt.Links) {
	t.Helper()
	d := &desk{c: hub.Case{ID: "BY1", Status: hub.StatusAssigned, Place: "P", Assignments: []hub.Assignment{{Department: "heating", Role: hub.RoleLead}}}}
	links := receipt.NewLinks("https://hub.example/", []byte("key"))
	h := receipt.New(receipt.Parts{
		Links: links, Clock: hub.ClockFunc(func() time.Time { return now }), Log: slog.New(slog.DiscardHandler), Case: d.open,
		Update: func(_ context.Context, u hub.Update) error {
			d.updates = append(d.updates, u)
			return d.fail
		},
		Feedback: func(_ context.Context, f receipt.Feedback) error { d.feedback = append(d.feedback, f); return nil },
		SavePhoto: func(context.Context, string, []byte) (hub.Attachment, error) {
			d.photos++
			return hub.Attachment{SHA256: strings.Repeat("ab", 32)}, nil
		},
		Departments: []hub.Department{{Code: "heating", Name: "供热办"}, {Code: "gas", Name: "燃气公司"}},
		Place:       func(hub.PlaceCode) string { return "人民路" },
	})
	return d, h, links
}

func alert() hub.Alert {
	return hub.Alert{ID: "BY1.2.heating", Case: "BY1", Department: "heating", At: now}
}

func path(l receipt.Links, a hub.Alert) string {
	return strings.TrimPrefix(l.For(a), "https://hub.example")
}

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func post(t *testing.T, h http.Handler, path string, form url.Values) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body)
	return w.Result(), string(body)
}

func TestOpeningChangesNothing(t *testing.T) {
	d, h, l := serve(t)
	for _, p := range []string{path(l, alert()), path(l, alert()) + "?do=sign", path(l, alert()) + "?done=sign"} {
		code, body := get(t, h, p)
		if code != 200 || !strings.Contains(body, "签收") || !strings.Contains(body, "BY1") {
			t.Errorf("%d %.300s", code, body)
		}
		for _, bad := range []string{"13912341234", "三丰", "<script"} {
			if strings.Contains(body, bad) {
				t.Errorf("the page shows %s", bad)
			}
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodHead, path(l, alert()), nil))
	if len(d.updates) != 0 || w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("updates %+v, headers %v", d.updates, w.Header())
	}
}

func TestOneTapSigns(t *testing.T) {
	d, h, l := serve(t)
	for range 2 {
		resp, _ := post(t, h, path(l, alert()), url.Values{"do": {"sign"}})
		if resp.StatusCode != http.StatusSeeOther || !strings.HasSuffix(resp.Header.Get("Location"), "?done=sign") {
			t.Fatalf("%d %v", resp.StatusCode, resp.Header)
		}
	}
	if len(d.updates) != 2 || d.updates[0].ID != d.updates[1].ID || d.updates[0].Step != hub.SignedFor ||
		d.updates[0].Department != "heating" || d.updates[0].Case != "BY1" {
		t.Errorf("%+v", d.updates)
	}
}

func TestForms(t *testing.T) {
	d, h, l := serve(t)
	p := path(l, alert())
	for _, c := range []struct {
		form url.Values
		want int
		says string
	}{
		{url.Values{"do": {"progress"}, "text": {"已派维修队"}}, 303, ""},
		{url.Values{"do": {"progress"}}, 422, "没有办成"},
		{url.Values{"do": {"contact"}}, 303, ""},
		{url.Values{"do": {"resolve"}, "text": {"已办"}}, 422, "没有说清"},
		{url.Values{"do": {"resolve"}, "text": {"不归我管，你去找供热公司吧，谢谢。"}}, 422, "不合规范"},
		{url.Values{"do": {"resolve"}, "text": {"修好了"}}, 422, "太短"},
		{url.Values{"do": {"resolve"}, "text": {"维修队已更换阀门，室温恢复到20度，住户表示满意。"}}, 303, ""},
		{url.Values{"do": {"back"}, "text": {"属于燃气"}}, 422, "建议"},
		{url.Values{"do": {"back"}, "text": {"属于燃气"}, "suggest": {"gas"}}, 303, ""},
		{url.Values{"do": {"feedback"}, "kind": {"false_alarm"}}, 303, ""},
		{url.Values{"do": {"feedback"}, "kind": {"rubbish"}}, 422, "误报"},
		{url.Values{"do": {"archive"}}, 422, ""},
		{url.Values{"do": {"progress"}, "text": {strings.Repeat("长", 2001)}}, 413, ""},
	} {
		resp, body := post(t, h, p, c.form)
		if resp.StatusCode != c.want || !strings.Contains(body, c.says) {
			t.Errorf("%v: %d %.400s", c.form, resp.StatusCode, body)
		}
	}
	last := d.updates[len(d.updates)-1]
	if len(d.updates) != 4 || last.Step != hub.SentBack || last.Suggest != "gas" || last.Text != "属于燃气" {
		t.Errorf("%+v", d.updates)
	}
	if len(d.feedback) != 1 || d.feedback[0].Kind != receipt.FalseAlarm || d.feedback[0].Case != "BY1" {
		t.Errorf("%+v", d.feedback)
	}
}

func TestRefusedWordsStayInTheForm(t *testing.T) {
	_, h, l := serve(t)
	_, body := post(t, h, path(l, alert()), url.Values{"do": {"resolve"}, "text": {"修好了<b>"}})
	if !strings.Contains(body, "修好了&lt;b&gt;") {
		t.Errorf("%.600s", body)
	}
}

func TestPhoto(t *testing.T) {
	d, h, l := serve(t)
	send := func(data []byte) int {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		_ = m.WriteField("do", "progress")
		_ = m.WriteField("text", "到现场")
		f, _ := m.CreateFormFile("photo", "a.png")
		_, _ = f.Write(data)
		_ = m.Close()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path(l, alert()), &b)
		r.Header.Set("Content-Type", m.FormDataContentType())
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	if code := send([]byte("\x89PNG\r\n\x1a\n....")); code != 303 || d.photos != 1 || !strings.Contains(d.updates[0].Text, "现场照片 abab") {
		t.Errorf("%d, %+v", code, d.updates)
	}
	if code := send([]byte("<html>")); code != 422 || d.photos != 1 {
		t.Errorf("no picture: %d", code)
	}
	if code := send(bytes.Repeat([]byte("x"), 9<<20)); code != 413 {
		t.Errorf("too large: %d", code)
	}
}

func TestLinks(t *testing.T) {
	_, h, l := serve(t)
	good := path(l, alert())
	other := receipt.NewLinks("https://hub.example", []byte("other key"))
	late := alert()
	late.At = now.Add(-15 * 24 * time.Hour)
	long := late
	long.Due = now.Add(time.Hour)
	for p, want := range map[string]int{
		good: 200, good[:len(good)-1] + "_": 403, strings.Replace(good, "/d/Q", "/d/R", 1): 403, "/d/x": 403, "/d/x.y": 403,
		path(other, alert()): 403, path(l, late): 403, path(l, long): 200,
		path(l, hub.Alert{ID: "BY9.1.heating", At: now}): 404,
	} {
		if code, _ := get(t, h, p); code != want {
			t.Errorf("%s: %d, want %d", p, code, want)
		}
	}
}

func TestACaseThatMovedOn(t *testing.T) {
	d, h, l := serve(t)
	d.c.Assignments = []hub.Assignment{{Department: "gas", Role: hub.RoleLead}}
	if _, body := get(t, h, path(l, alert())); !strings.Contains(body, "不在本部门") || strings.Contains(body, `value="sign"`) {
		t.Errorf("%.500s", body)
	}
	d.fail = hub.Errorf(hub.CodeConflict, "case.not_yours")
	if resp, _ := post(t, h, path(l, alert()), url.Values{"do": {"contact"}}); resp.StatusCode != 409 {
		t.Errorf("%d", resp.StatusCode)
	}
}

func TestAnotherSiteCannotTap(t *testing.T) {
	d, h, l := serve(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path(l, alert()), strings.NewReader("do=sign"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 403 || len(d.updates) != 0 {
		t.Errorf("%d, %+v", w.Code, d.updates)
	}
}
