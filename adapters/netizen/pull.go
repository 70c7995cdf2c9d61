package netizen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// page is one answer of the pulled address.
type page struct {
	Items json.RawMessage `json:"items"`
	Next  string          `json:"next"`
}

// pull reads pages until the cursor stands still. The cursor moves only after
// a page was accepted: after a crash the page comes again, as duplicates.
func (a *adapter) pull(ctx context.Context) error {
	cursor, err := a.cursor(ctx)
	if err != nil {
		return err
	}
	for {
		p, err := a.page(ctx, cursor)
		if err != nil {
			return fmt.Errorf("pull after %q: %w", cursor, err)
		}
		if err := a.takePage(ctx, cursor, p); err != nil {
			return err
		}
		if p.Next == "" || p.Next == cursor {
			return nil
		}
		cursor = p.Next
		if err := a.move(ctx, cursor); err != nil {
			return err
		}
	}
}

// cursor is how far the board was read. All nodes share it; the file is that
// of a node that ran alone before.
func (a *adapter) cursor(ctx context.Context) (string, error) {
	if a.deps.Cursors != nil {
		cursor, err := a.deps.Cursors.LoadCursor(ctx, a.channel)
		if err != nil {
			return "", fmt.Errorf("load cursor: %w", err)
		}
		if cursor != "" {
			return cursor, nil
		}
	}
	saved, err := os.ReadFile(a.path(a.config.CursorFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read cursor: %w", err)
	}
	return strings.TrimSpace(string(saved)), nil
}

func (a *adapter) move(ctx context.Context, cursor string) error {
	if a.deps.Cursors != nil {
		if err := a.deps.Cursors.SaveCursor(ctx, a.channel, cursor); err != nil {
			return fmt.Errorf("save cursor: %w", err)
		}
	}
	if err := adapters.WriteFile(a.path(a.config.CursorFile), []byte(cursor+"\n")); err != nil {
		return fmt.Errorf("write cursor: %w", err)
	}
	return nil
}

// takePage hands in the items. A page that can never be taken is kept as a
// file beside the cursor, so that it neither stops the channel nor is lost.
func (a *adapter) takePage(ctx context.Context, cursor string, p page) error {
	if items := strings.TrimSpace(string(p.Items)); items == "" || items == "[]" || items == "null" {
		return nil
	}
	subs, err := a.Decode(ctx, bytes.NewReader(p.Items), "", "application/json")
	if err == nil {
		err = a.accept(ctx, subs)
	}
	switch hub.CodeOf(err) {
	case hub.CodeInvalid, hub.CodeTooLarge:
		name := a.path(a.config.CursorFile) + ".failed-" + url.PathEscape(cursor) + ".json"
		a.deps.Log.Error("page refused", "channel", a.channel, "file", name, "error", err)
		return adapters.WriteFile(name, p.Items)
	}
	return err
}

func (a *adapter) page(ctx context.Context, cursor string) (page, error) {
	var p page
	u, err := url.Parse(a.config.Pull)
	if err != nil {
		return p, fmt.Errorf("address: %w", err)
	}
	q := u.Query()
	q.Set("cursor", cursor)
	u.RawQuery = q.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return p, fmt.Errorf("request: %w", err)
	}
	if a.pullToken != "" {
		r.Header.Set("Authorization", "Bearer "+a.pullToken)
	}
	resp, err := a.deps.HTTP.Do(r)
	if err != nil {
		return p, err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	if resp.StatusCode != http.StatusOK {
		return p, fmt.Errorf("answered %s", resp.Status)
	}
	body, err := adapters.ReadAll(resp.Body, adapters.MaxBody)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return p, fmt.Errorf("decode page: %w", err)
	}
	return p, nil
}
