// Package browsertest lets tests look at pages with a real browser, as people
// do: on a phone and at a desk, with the keyboard, on paper.
//
// [Browser.Look] measures what a checker of rules does not see: sideways
// scrolling, controls too small to touch, text too pale or too small, fields
// without a label, words left untranslated, weight. Tests are skipped, and say
// so, where there is no Chromium. Start with [Open].
package browsertest

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

// limit is how long one browser may take for all that a test asks of it.
const limit = 9 * time.Minute

// patience is how long one thing may take.
const patience = 30 * time.Second

// height is how high the window is, in pixels.
const height = 900

// A Browser is one window. It belongs to one test and is not for concurrent
// use.
type Browser struct {
	t   *testing.T
	ctx context.Context
}

// Open starts a browser that ends with t.
func Open(t *testing.T) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("skipped: no chromium on this machine")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.DisableGPU)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, timeout := context.WithTimeout(ctx, limit)
	t.Cleanup(timeout)
	if _, err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil { // starts it
		t.Fatal(err)
	}
	return &Browser{t, ctx}
}

// For is the same window for a subtest.
func (b *Browser) For(t *testing.T) *Browser { return &Browser{t, b.ctx} }

// Act does one thing in b and returns what came of it; the test ends when it
// cannot be done.
func Act[T any](b *Browser, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// Window makes the window so many pixels wide.
func (b *Browser) Window(width int64) {
	b.t.Helper()
	Act(b, chromedp.EmulateViewport(width, height))
}

// Go opens a page.
func (b *Browser) Go(url string) {
	b.t.Helper()
	Act(b, chromedp.Navigate(url))
}

// Look opens url on a phone and at a desk and reports every fault of the page.
// What tells apart the pages of a test is name. With MASHANG_SHOTS set to a
// folder it leaves pictures there.
func (b *Browser) Look(name, url string) {
	b.t.Helper()
	for _, window := range []struct {
		name  string
		width int64
	}{{"phone", 360}, {"desk", 1280}} {
		b.Window(window.width)
		b.Go(url)
		for _, fault := range b.Faults() {
			b.t.Errorf("%s on a %s: %s", name, window.name, fault)
		}
		b.Shot(name + "-" + window.name)
	}
}

// Faults measures the page that is open.
func (b *Browser) Faults() []string {
	b.t.Helper()
	return strings.FieldsFunc(Act(b, chromedp.Evaluate[string](measure)), func(r rune) bool { return r == '\n' })
}

// Walk goes through the open page with the Tab key and reports controls that
// it does not reach in the order in which they stand, or whose focus cannot be
// seen.
func (b *Browser) Walk(name string) {
	b.t.Helper()
	n := Act(b, chromedp.Evaluate[int](stops))
	Act(b, chromedp.Evaluate[any](`document.activeElement.blur()`))
	for i := range n {
		Act(b, chromedp.KeyEvent("\t"))
		if fault := Act(b, chromedp.Evaluate[string](focused)); fault != "" {
			b.t.Errorf("%s, stop %d of %d: %s", name, i+1, n, fault)
			return
		}
	}
}

// Shot leaves a picture of the page that is open, where MASHANG_SHOTS says.
func (b *Browser) Shot(name string) {
	b.t.Helper()
	dir := os.Getenv("MASHANG_SHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), Act(b, chromedp.FullScreenshot(100)), 0o600); err != nil {
		b.t.Fatal(err)
	}
}
