package web_test

import (
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/mashang-hub/mashang/hub/hubtest/browsertest"
)

// TestInBrowser looks at the pages with a real browser, goes through one with
// the keyboard and sends a form.
func TestInBrowser(t *testing.T) {
	b := browsertest.Open(t)
	srv := httptest.NewServer(handler(&cabinet{}))
	defer srv.Close()
	for name, path := range map[string]string{
		"home": "/", "cases": "/cases", "case": casePath, "department": "/departments/heating", "departments": "/departments",
		"track": "/t/BY7K3M9QXT2F4H", "search": "/t", "missing": "/nope",
	} {
		b.Look(name, srv.URL+path)
	}
	b.Go(srv.URL + casePath)
	b.Walk("case")
	browsertest.Act(b, chromedp.Submit(`.act form`))
	browsertest.Act(b, chromedp.WaitVisible(`.note.good`))
	if note := browsertest.Act(b, chromedp.Text(`.note.good`)); note != "✓ 已执行：签收" {
		t.Errorf("after signing the page says %q", note)
	}
}
