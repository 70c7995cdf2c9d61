package qr_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
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

// printed are two codes on the wall; the second was renewed.
type printed struct {
	elsewhere []hub.PlaceCode
}

func (p *printed) Scan(ctx context.Context, token string) (adapters.Spot, error) {
	at, _ := place(ctx, "620402001002")
	switch token {
	case "GOOD":
		return adapters.Spot{Place: at, Label: "3号楼"}, nil
	case "OLD":
		return adapters.Spot{}, hub.Errorf(hub.CodeConflict, "qr_code.renewed", token)
	}
	return adapters.Spot{}, hub.Errorf(hub.CodeNotFound, "qr_code.not_found", token)
}

func (p *printed) Nearby(context.Context, hub.PlaceCode) []hub.Place {
	return []hub.Place{{Code: "620402001003", Parent: "620402001", Level: hub.LevelVillage, Name: "友好路社区"}}
}

func (p *printed) Elsewhere(_ context.Context, _ string, at hub.PlaceCode) error {
	p.elsewhere = append(p.elsewhere, at)
	return nil
}

func wall(t *testing.T, options string) (http.Handler, *adaptertest.Intake, *printed) {
	t.Helper()
	s, in, codes := suite(), &adaptertest.Intake{}, &printed{}
	s.Deps.Codes, s.Options = codes, options
	s.Deps.Place = func(ctx context.Context, code hub.PlaceCode) (hub.Place, bool) {
		if code == "620402001003" {
			return codes.Nearby(ctx, "")[0], true
		}
		return place(ctx, code)
	}
	a, err := s.New(in)
	if err != nil {
		t.Fatal(err)
	}
	return a.(adapters.PageHandler).Pages(), in, codes
}

func scan(t *testing.T, h http.Handler, fields string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/q/GOOD", strings.NewReader(fields))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTheWallSaysWhereAndTheCitizenMayCorrectIt(t *testing.T) {
	h, in, codes := wall(t, "max_runes: 100")
	if page := get(t, h, "/q/GOOD").Body.String(); !strings.Contains(page, "人民路街道 中心街社区 3号楼") || !strings.Contains(page, "不是这里") {
		t.Fatalf("form:\n%s", page)
	}
	scan(t, h, "nonce=here&text=暖气不热")
	scan(t, h, "nonce=there&text=暖气不热&elsewhere=620402001003&more=锅炉房")
	scan(t, h, "nonce=nowhere&text=暖气不热&elsewhere=999")
	got := in.Taken()
	if len(got) != 3 || got[0].Place != "620402001002" || got[0].PlaceText != "人民路街道 中心街社区 3号楼" {
		t.Fatalf("taken %+v", got)
	}
	if got[1].Place != "620402001003" || got[1].PlaceText != "人民路街道 友好路社区 锅炉房" || got[2].Place != "620402001002" {
		t.Errorf("corrected %+v, not corrected %+v", got[1], got[2])
	}
	if len(codes.elsewhere) != 1 || codes.elsewhere[0] != "620402001003" {
		t.Errorf("noticed elsewhere: %v", codes.elsewhere)
	}
}

func TestARenewedCodeSaysSo(t *testing.T) {
	h, _, _ := wall(t, "max_runes: 100")
	if w := get(t, h, "/q/OLD"); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "已经换新") || !strings.Contains(w.Body.String(), "tel:12345") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
}

func TestAFloodIsHeldAndNotLost(t *testing.T) {
	h, in, _ := wall(t, "flood_per_hour: 3")
	for i := range 5 {
		if w := scan(t, h, "nonce=n"+string('0'+rune(i))+"&text=暖气不热"); w.Code != http.StatusOK {
			t.Fatalf("submission %d: %d", i, w.Code)
		}
	}
	var held []bool
	for _, s := range in.Taken() {
		held = append(held, s.Hold != "")
	}
	if want := []bool{false, false, false, true, true}; !slices.Equal(held, want) {
		t.Errorf("held %v, want %v", held, want)
	}
}
