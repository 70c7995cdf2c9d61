package studio_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestInBrowser is an author at the editor, in a real browser, and looks that
// the page fits a phone and a desk. With MASHANG_SHOTS set to a folder it
// leaves pictures there.
func TestInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("skipped: no chromium on this machine")
	}
	dir := folder(t)
	c := serve(t, dir)
	ctx := browser(t, path)
	act(ctx, t, chromedp.EmulateViewport(1280, 800))
	act(ctx, t, chromedp.Navigate(c.url+"/#token="+c.token))
	act(ctx, t, chromedp.WaitVisible(`#files summary`))
	act(ctx, t, chromedp.Click(`#files summary`))
	act(ctx, t, chromedp.WaitVisible(`#text:enabled`))

	write(ctx, t, strings.Replace(text, `则: {主办: urban}`, `则: {主办: nobody}`, 1))
	act(ctx, t, chromedp.WaitVisible(`#problems li`))
	if got := act(ctx, t, chromedp.Text(`#problems li`)); !strings.Contains(got, "第 7 行 M24") {
		t.Errorf("as one types: %q", got)
	}
	shot(ctx, t, "studio-problem")
	write(ctx, t, strings.Replace(text, "含任一(", "含任意(", 1))
	act(ctx, t, chromedp.WaitVisible(`.fix`))
	act(ctx, t, chromedp.Click(`.fix`))
	act(ctx, t, chromedp.WaitNotPresent(`#problems li`))
	if got := act(ctx, t, chromedp.Value(`#text`)); got != text {
		t.Errorf("mended: %q", got)
	}
	right := strings.ReplaceAll(text, "urban", "heating")
	write(ctx, t, right)
	act(ctx, t, chromedp.WaitNotPresent(`#problems li`))
	act(ctx, t, chromedp.SetValue(`#try [name=title]`, "锅炉坏了"))
	act(ctx, t, chromedp.Click(`#try button`))
	act(ctx, t, chromedp.WaitVisible(`.verdict`))
	if got := act(ctx, t, chromedp.Text(`.verdict`)); !strings.Contains(got, "派给供热") {
		t.Errorf("the message that was tried: %q", got)
	}
	act(ctx, t, chromedp.Click(`#diff`))
	act(ctx, t, chromedp.WaitVisible(`#result table`))
	if got := act(ctx, t, chromedp.Text(`#result`)); !strings.Contains(got, "城管") || !strings.Contains(got, "供热") {
		t.Errorf("what changes over history: %q", got)
	}
	fits(ctx, t)
	act(ctx, t, chromedp.EmulateViewport(1280, 800))
	act(ctx, t, chromedp.Click(`#save`))
	act(ctx, t, chromedp.WaitVisible(`#save:disabled`))
	if now, err := os.ReadFile(filepath.Join(dir, "锅炉.yaml")); err != nil || string(now) != right {
		t.Errorf("saved %q (%v)", now, err)
	}
}

// fits looks at all panes on a phone, and at the whole on a desk.
func fits(ctx context.Context, t *testing.T) {
	t.Helper()
	const tooSmall = `[...document.querySelectorAll('button,input,select,textarea')]
		.filter(e => e.offsetParent && !e.closest('li') && e.getBoundingClientRect().height < 44).length`
	for name, width := range map[string]int64{"phone": 360, "desk": 1280} {
		act(ctx, t, chromedp.EmulateViewport(width, 800))
		for _, pane := range []string{"files", "edit", "try", "result"} {
			act(ctx, t, chromedp.Evaluate[any](`pane('`+pane+`')`))
			wide := act(ctx, t, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`))
			small := act(ctx, t, chromedp.Evaluate[int](tooSmall))
			if wide > 0 || small > 0 {
				t.Errorf("%s on a %s: %d px too wide, %d controls too small", pane, name, wide, small)
			}
			shot(ctx, t, "studio-"+pane+"-"+name)
		}
	}
}

// write types into the editor.
func write(ctx context.Context, t *testing.T, s string) {
	t.Helper()
	act(ctx, t, chromedp.SetValue(`#text`, s))
	act(ctx, t, chromedp.Evaluate[any](`document.getElementById('text').dispatchEvent(new Event('input'))`))
}

func shot(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	if dir := os.Getenv("MASHANG_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), act(ctx, t, chromedp.FullScreenshot(100)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func act[T any](ctx context.Context, t *testing.T, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func browser(t *testing.T, path string) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.DisableGPU)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, timeout := context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(timeout)
	return ctx
}
