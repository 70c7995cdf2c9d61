package web_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// RedoDeliveries finds one dead delivery.
func (c *cabinet) RedoDeliveries(_ context.Context, f hub.DeliveryFilter, _ time.Time) (int, error) {
	if f.Case != c.one().ID || f.Alert != "BY1.2.labor" {
		return 0, nil
	}
	c.redone = append(c.redone, f)
	return 1, nil
}

// Attachment returns a picture for "aa" and a page with a script for "bb".
func (c *cabinet) Attachment(_ context.Context, sha string) (string, []byte, error) {
	switch sha {
	case "aa":
		picture := image.NewRGBA(image.Rect(0, 0, 300, 200))
		for x := range 300 {
			for y := range 200 {
				picture.Set(x, y, color.RGBA{R: uint8(x), G: uint8(y), B: 120, A: 255})
			}
		}
		var b bytes.Buffer
		err := png.Encode(&b, picture)
		return "image/png", b.Bytes(), err
	case "bb":
		return "text/html", []byte("<script>alert(1)</script>"), nil
	}
	return "", nil, hub.Errorf(hub.CodeNotFound, "attachment.not_found")
}

func request(t *testing.T, h http.Handler, method, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestADeadDeliveryIsPushedAgain(t *testing.T) {
	c := &cabinet{}
	h, id := handler(c), string(c.one().ID)
	page := request(t, h, "GET", "/cases/"+id, nil).Body.String()
	if n := strings.Count(page, `action="/redo/`); n != 1 {
		t.Fatalf("%d buttons for one dead delivery", n)
	}
	w := request(t, h, "POST", "/redo/"+id, url.Values{"alert": {"BY1.2.labor"}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/cases/"+id+"?done=redo" || len(c.redone) != 1 {
		t.Fatalf("%d to %s, redone %v", w.Code, w.Header().Get("Location"), c.redone)
	}
	if after := request(t, h, "GET", "/cases/"+id+"?done=redo", nil).Body.String(); !strings.Contains(after, "重推，部门会再收到一次") {
		t.Error("the page does not say so")
	}
	for _, alert := range []string{"", "BY9.9.labor"} {
		if w := request(t, h, "POST", "/redo/"+id, url.Values{"alert": {alert}}); w.Code != http.StatusNotFound {
			t.Errorf("alert %q: %d", alert, w.Code)
		}
	}
}

func TestAttachmentsAreShownAndRunNothing(t *testing.T) {
	c := &cabinet{}
	h, id := handler(c), string(c.one().ID)
	w := request(t, h, "GET", "/cases/"+id+"/attachments/aa", nil)
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "inline") {
		t.Errorf("picture: %d %v", w.Code, w.Header())
	}
	w = request(t, h, "GET", "/cases/"+id+"/attachments/bb", nil)
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("a page with a script: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/cases/" + id + "/attachments/cc", "/cases/other/attachments/aa"} {
		if w := request(t, h, "GET", path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
