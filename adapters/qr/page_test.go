package qr_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/hub"
)

const png = "\x89PNG\r\n\x1a\n rest of the picture"

func open(t *testing.T) (http.Handler, *adaptertest.Intake) {
	t.Helper()
	s, in := suite(), &adaptertest.Intake{}
	s.Deps.SaveAttachment = func(_ context.Context, media string, data []byte) (hub.Attachment, error) {
		return hub.Attachment{SHA256: "abc", MediaType: media, Size: int64(len(data))}, nil
	}
	a, err := s.New(in)
	if err != nil {
		t.Fatal(err)
	}
	return a.(adapters.PageHandler).Pages(), in
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func post(t *testing.T, h http.Handler, photo string, fields map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := form.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	f, err := form.CreateFormFile("photo", "../x.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(photo)); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/q/620402001002", &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestFormAndResult(t *testing.T) {
	h, in := open(t)
	page := get(t, h, "/q/620402001002").Body.String()
	nonce := regexp.MustCompile(`name="nonce" value="(\w+)"`).FindStringSubmatch(page)
	if nonce == nil || !strings.Contains(page, "人民路街道 中心街社区") || strings.Contains(page, "<script") {
		t.Fatalf("form:\n%s", page)
	}
	fields := map[string]string{"nonce": nonce[1], "text": "暖气不热", "more": "3单元502"}
	w := post(t, h, png, fields)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "BY1") || !strings.Contains(w.Body.String(), "/t/BY1") {
		t.Fatalf("result %d:\n%s", w.Code, w.Body)
	}
	s := in.Taken()[0]
	if s.ExternalID != nonce[1] || len(s.Attachments) != 1 || s.Attachments[0].MediaType != "image/png" ||
		s.PlaceText != "人民路街道 中心街社区 3单元502" {
		t.Errorf("handed in %+v", s)
	}
	again := post(t, h, png, fields).Body.String()
	if !strings.Contains(again, "已经收到过") || !strings.Contains(again, "BY1") || len(in.Taken()) != 1 {
		t.Errorf("sent twice:\n%s", again)
	}
}

func TestFormKeepsWhatWasTyped(t *testing.T) {
	h, in := open(t)
	w := post(t, h, "<script>alert(1)</script>", map[string]string{"nonce": "n1", "text": "暖气<不热>"})
	page := w.Body.String()
	if w.Code != http.StatusBadRequest || !strings.Contains(page, "照片") || !strings.Contains(page, "暖气&lt;不热&gt;") ||
		!strings.Contains(page, `value="n1"`) || len(in.Taken()) != 0 {
		t.Errorf("wrong photo: %d\n%s", w.Code, page)
	}
	in.Fail(hub.Errorf(hub.CodeUnavailable, "intake.unavailable"))
	w = post(t, h, "", map[string]string{"nonce": "n1", "text": "暖气不热"})
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `value="n1"`) {
		t.Errorf("intake away: %d\n%s", w.Code, w.Body)
	}
}

func TestUnknownCode(t *testing.T) {
	h, _ := open(t)
	if w := get(t, h, "/q/nowhere"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "tel:12345") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
}
