package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access/accesstest"
	"github.com/mashang-hub/mashang/hub/web"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// What is wrong with the rules is shown to those who have logged in, as text,
// and never to citizens.
func TestTheBannerIsForTheConsole(t *testing.T) {
	said := "规则有误 <b>"
	pages := web.New(&cabinet{}, &cabinet{}, frame.Names{Banner: func() string { return said }}, hub.ClockFunc(noon))
	h := frame.Protect(pages, accesstest.Anybody())
	get := func(path string) string {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		return rec.Body.String()
	}
	if page := get("/"); !strings.Contains(page, `role="alert">规则有误 &lt;b&gt;</div>`) {
		t.Errorf("the console does not show it:\n%s", page)
	}
	if page := get("/t"); strings.Contains(page, "规则有误") {
		t.Error("citizens see it")
	}
	rec := httptest.NewRecorder()
	pages.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	if strings.Contains(rec.Body.String(), "规则有误") {
		t.Error("somebody who has not logged in sees it")
	}
	said = ""
	if strings.Contains(get("/"), `class="banner"`) {
		t.Error("nothing to say is shown")
	}
}
