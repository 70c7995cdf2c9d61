// Package poll is the channel that fetches pages over HTTP and remembers how
// far it came.
//
// The cursor moves only after all of a page is accepted or kept: after a crash
// the page comes again, and its items are duplicates. Start with Spec.
package poll

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/mapping"
	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
)

// Spec describes the kind.
func Spec() adapters.Spec {
	return adapters.Spec{
		Kind: "poll", New: New, Wired: true, Doc: "定时从对方的 HTTP 接口拉取，记住读到哪里",
		Options: func() any { c := Default(); return &c },
	}
}

type adapter struct {
	*adapters.Wired
	config       Config
	client       *http.Client
	headers      map[string]string
	cursor, more *vm.Program
}

// New makes the adapter of c.
func New(c adapters.Config, in adapters.Intake, d adapters.Deps) (adapters.Adapter, error) {
	config := Default()
	if err := c.Options.Decode(&config); err != nil {
		return nil, err
	}
	if err := config.Validate(); err != nil {
		return nil, err
	}
	w, err := adapters.Wire(c, in, d)
	if err != nil {
		return nil, err
	}
	a := &adapter{Wired: w, config: config, headers: map[string]string{}}
	for name, s := range config.Headers {
		if a.headers[name], err = s.Reveal(w.Deps); err != nil {
			return nil, fmt.Errorf("headers.%s: %w", name, err)
		}
	}
	for _, p := range []struct {
		name, source string
		program      **vm.Program
	}{{"cursor", config.Cursor, &a.cursor}, {"more", config.More, &a.more}} {
		if p.source == "" {
			continue
		}
		if *p.program, err = expr.Compile(p.source, expr.AllowUndefinedVariables(), expr.DisableBuiltin("repeat"), expr.DisableBuiltin("last")); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	networks, err := egress.Parse(config.Allow...)
	if err != nil {
		return nil, fmt.Errorf("allow: %w", err)
	}
	a.client = egress.New(networks...).Client(config.Timeout)
	return a, nil
}

// Handler is nil: nothing is pushed.
func (a *adapter) Handler() http.Handler { return nil }

// Run fetches until ctx ends.
func (a *adapter) Run(ctx context.Context) error {
	return a.Fetch(ctx, a.config.Every, a.config.BackOff, a.round)
}

// round fetches one page.
func (a *adapter) round(ctx context.Context) (more bool, err error) {
	cursor, err := a.Cursor(ctx, a.config.Start)
	if err != nil {
		return false, err
	}
	page, err := a.fetch(ctx, cursor)
	if err != nil {
		return false, fmt.Errorf("fetch after %q: %w", cursor, err)
	}
	results, err := a.Take(ctx, page, nil)
	if err != nil {
		return false, err
	}
	next, more, err := a.next(page, cursor, len(results))
	if err != nil || next == cursor {
		return false, err
	}
	return more, a.MoveCursor(ctx, next)
}

func (a *adapter) fetch(ctx context.Context, cursor string) (decode.Input, error) {
	var page decode.Input
	now := a.Deps.Clock.Now().In(hub.China()).Format("2006-01-02 15:04:05")
	address := strings.NewReplacer("{cursor}", url.QueryEscape(cursor), "{now}", url.QueryEscape(now)).Replace(a.config.URL)
	body := strings.NewReplacer("{cursor}", cursor, "{now}", now).Replace(a.config.Body)
	r, err := http.NewRequestWithContext(ctx, a.config.Method, address, strings.NewReader(body))
	if err != nil {
		return page, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, v := range a.headers {
		r.Header.Set(name, v)
	}
	resp, err := a.client.Do(r)
	if err != nil {
		return page, err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	if resp.StatusCode != http.StatusOK {
		err := fmt.Errorf("answered %s", resp.Status)
		if n, nerr := strconv.Atoi(resp.Header.Get("Retry-After")); nerr == nil && n > 0 {
			return page, &adapters.Wait{For: time.Duration(n) * time.Second, Err: err}
		}
		return page, err
	}
	page.MediaType = resp.Header.Get("Content-Type")
	page.Body, err = adapters.ReadAll(resp.Body, adapters.MaxBody)
	return page, err
}

// next reads the page once more, whole, for what comes after it.
func (a *adapter) next(page decode.Input, cursor string, n int) (next string, more bool, err error) {
	if a.cursor == nil {
		return cursor, false, nil
	}
	o := a.Config.Decode
	items := o.Items
	o.Items = ""
	docs, err := decode.Read(page, o, decode.Limits{})
	if err != nil || len(docs) == 0 {
		return cursor, false, err
	}
	env := map[string]any{"doc": docs[0].Value, "cursor": cursor}
	list, ok := []any(nil), false
	if v, found := decode.At(docs[0].Value, items); found {
		list, ok = v.([]any)
	}
	if !ok {
		for _, d := range docs {
			list = append(list, d.Value)
		}
	}
	if env["items"] = list; len(list) > 0 {
		env["last"] = list[len(list)-1]
	} else if n == 0 {
		return cursor, false, nil // an empty page says nothing new
	}
	v, err := expr.Run(a.cursor, env)
	if err != nil {
		return cursor, false, fmt.Errorf("cursor: %w", err)
	}
	if next = mapping.Plain(v); next == "" {
		return cursor, false, nil
	}
	if a.more == nil {
		return next, next != cursor, nil
	}
	v, err = expr.Run(a.more, env)
	if err != nil {
		return cursor, false, fmt.Errorf("more: %w", err)
	}
	more, _ = v.(bool)
	return next, more, nil
}
