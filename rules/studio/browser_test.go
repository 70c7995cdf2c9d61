package studio_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/mashang-hub/mashang/hub/hubtest/browsertest"
)

// TestInBrowser is an author at the editor, in a real browser, and looks that
// the page fits a phone and a desk.
func TestInBrowser(t *testing.T) {
	b := browsertest.Open(t)
	dir := folder(t)
	c := serve(t, dir)
	b.Window(1280)
	b.Go(c.url + "/#token=" + c.token)
	browsertest.Act(b, chromedp.WaitVisible(`#files summary`))
	browsertest.Act(b, chromedp.Click(`#files summary`))
	browsertest.Act(b, chromedp.WaitVisible(`#text:enabled`))

	write(b, strings.Replace(text, `则: {主办: urban}`, `则: {主办: nobody}`, 1))
	browsertest.Act(b, chromedp.WaitVisible(`#problems li`))
	if got := browsertest.Act(b, chromedp.Text(`#problems li`)); !strings.Contains(got, "第 7 行 M24") {
		t.Errorf("as one types: %q", got)
	}
	b.Shot("studio-problem")
	write(b, strings.Replace(text, "含任一(", "含任意(", 1))
	browsertest.Act(b, chromedp.WaitVisible(`.fix`))
	browsertest.Act(b, chromedp.Click(`.fix`))
	browsertest.Act(b, chromedp.WaitNotPresent(`#problems li`))
	if got := browsertest.Act(b, chromedp.Value(`#text`)); got != text {
		t.Errorf("mended: %q", got)
	}
	right := strings.ReplaceAll(text, "urban", "heating")
	write(b, right)
	browsertest.Act(b, chromedp.WaitNotPresent(`#problems li`))
	browsertest.Act(b, chromedp.SetValue(`#try [name=title]`, "锅炉坏了"))
	browsertest.Act(b, chromedp.Click(`#try button`))
	browsertest.Act(b, chromedp.WaitVisible(`.verdict`))
	if got := browsertest.Act(b, chromedp.Text(`.verdict`)); !strings.Contains(got, "派给供热") {
		t.Errorf("the message that was tried: %q", got)
	}
	browsertest.Act(b, chromedp.Click(`#diff`))
	browsertest.Act(b, chromedp.WaitVisible(`#result table`))
	if got := browsertest.Act(b, chromedp.Text(`#result`)); !strings.Contains(got, "城管") || !strings.Contains(got, "供热") {
		t.Errorf("what changes over history: %q", got)
	}
	fits(t, b)
	b.Window(1280)
	browsertest.Act(b, chromedp.Click(`#save`))
	browsertest.Act(b, chromedp.WaitVisible(`#save:disabled`))
	if now, err := os.ReadFile(filepath.Join(dir, "锅炉.yaml")); err != nil || string(now) != right {
		t.Errorf("saved %q (%v)", now, err)
	}
}

// fits looks at all panes on a phone, and at the whole on a desk.
func fits(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	for name, width := range map[string]int64{"phone": 360, "desk": 1280} {
		b.Window(width)
		for _, pane := range []string{"files", "edit", "try", "result"} {
			browsertest.Act(b, chromedp.Evaluate[any](`pane('`+pane+`')`))
			for _, fault := range b.Faults() {
				t.Errorf("%s on a %s: %s", pane, name, fault)
			}
			b.Shot("studio-" + pane + "-" + name)
		}
	}
}

// write types into the editor.
func write(b *browsertest.Browser, s string) {
	browsertest.Act(b, chromedp.SetValue(`#text`, s))
	browsertest.Act(b, chromedp.Evaluate[any](`document.getElementById('text').dispatchEvent(new Event('input'))`))
}
