package web_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestInBrowser looks at the pages with a real browser: nothing scrolls
// sideways on a phone, every control is large enough to touch, and a form can
// be sent. With MASHANG_SHOTS set to a folder it leaves pictures there.
func TestInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("skipped: no chromium on this machine")
	}
	srv := httptest.NewServer(handler(&cabinet{}))
	defer srv.Close()
	ctx := browser(t, path)
	for _, page := range []struct{ name, path string }{
		{"home", "/"}, {"cases", "/cases"}, {"case", casePath}, {"department", "/departments/heating"}, {"track", "/t/BY7K3M9QXT2F4H"},
	} {
		for size, width := range map[string]int64{"phone": 360, "desk": 1280} {
			act(ctx, t, chromedp.EmulateViewport(width, 900))
			act(ctx, t, chromedp.Navigate(srv.URL+page.path))
			wide := act(ctx, t, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`))
			small := act(ctx, t, chromedp.Evaluate[int](tooSmall))
			if wide > 0 || small > 0 {
				t.Errorf("%s on a %s: %d px too wide, %d controls too small", page.name, size, wide, small)
			}
			if dir := os.Getenv("MASHANG_SHOTS"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, page.name+"-"+size+".png"), act(ctx, t, chromedp.FullScreenshot(100)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	act(ctx, t, chromedp.Navigate(srv.URL+casePath))
	act(ctx, t, chromedp.Submit(`.act form`))
	act(ctx, t, chromedp.WaitVisible(`.note.good`))
	if note := act(ctx, t, chromedp.Text(`.note.good`)); note != "✓ 已执行：签收" {
		t.Errorf("after signing the page says %q", note)
	}
}

// tooSmall counts the visible controls that are less than 44 pixels high.
const tooSmall = `[...document.querySelectorAll('button,input:not([type=hidden]):not([type=checkbox]),select,textarea')]
	.filter(e => e.offsetParent && e.getBoundingClientRect().height < 44).length`

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
	ctx, timeout := context.WithTimeout(ctx, 60*time.Second)
	t.Cleanup(timeout)
	return ctx
}
