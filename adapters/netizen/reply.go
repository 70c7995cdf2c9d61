package netizen

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// Notifies implements adapters.Notifier.
func (a *adapter) Notifies() bool { return a.config.Replies != "" || a.Teller.Notifies() }

// Notify writes the public reply of a case that is settled: a file of its own,
// whose name is the same at every attempt, and to the board's address. A reply
// whose wording is not fit for the public goes nowhere: it is refused with the
// reason and waits in the dead letters to be mended.
func (a *adapter) Notify(ctx context.Context, s adapters.Step) error {
	final := slices.Contains([]hub.EventType{hub.Resolved, hub.Answered, hub.Rejected}, s.Type)
	if final {
		if err := a.config.Wording.Check(s.Text); err != nil {
			return err
		}
		if err := a.writeReply(s); err != nil {
			return err
		}
	}
	return a.Teller.Notify(ctx, s)
}

func (a *adapter) writeReply(s adapters.Step) error {
	if a.config.Replies == "" {
		return nil
	}
	dir := a.path(a.config.Replies)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return &hub.Error{Code: hub.CodeUnavailable, Key: "callback.failed", Args: []any{err.Error()}, Err: err}
	}
	var b bytes.Buffer
	b.WriteString("\ufeff") // so that office programs take it for UTF-8
	w := csv.NewWriter(&b)
	at := s.At.In(hub.China()).Format("2006/1/2 15:04:05")
	err := w.WriteAll([][]string{{"留言编号", "答复意见", "答复时间", "受理编号"}, {cell(s.ExternalID), cell(s.Text), at, string(s.Case)}})
	if err != nil {
		return fmt.Errorf("encode reply: %w", err)
	}
	if err := adapters.WriteFile(filepath.Join(dir, filepath.Base(s.ID)+".csv"), b.Bytes()); err != nil {
		return &hub.Error{Code: hub.CodeUnavailable, Key: "callback.failed", Args: []any{err.Error()}, Err: err}
	}
	return nil
}

// cell keeps a text from being taken for a formula.
func cell(text string) string {
	if strings.ContainsAny(text[:min(1, len(text))], "=+-@\t\r") {
		return "'" + text
	}
	return text
}
