package petition

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/hub"
)

// A Progress is the status file of one petition, as the petition office reads
// it: NUMBER.status.json in the status folder.
type Progress struct {
	ExternalID string     `json:"external_id"`
	Tracking   hub.CaseID `json:"tracking"`
	Status     hub.Status `json:"status"`
	Steps      []Mark     `json:"steps"` // oldest first
}

// A Mark is one step of a petition.
type Mark struct {
	ID         string             `json:"id"`
	Step       hub.EventType      `json:"step"`
	Department hub.DepartmentCode `json:"department,omitempty"`
	Text       string             `json:"text,omitempty"`
	At         time.Time          `json:"at"`
}

// worth are the steps that the petition office is told of: between offices
// what is sent back is told too.
func worth() []hub.EventType {
	return []hub.EventType{
		hub.Assigned, hub.SignedFor, hub.SentBack, hub.Rejected, hub.Answered, hub.InfoAsked, hub.ExtensionApproved, hub.Suspended,
		hub.Resumed, hub.Resolved, hub.Reopened, hub.Merged, hub.Archived,
	}
}

// Notifies implements adapters.Notifier.
func (a *adapter) Notifies() bool { return a.config.Status != "" }

// Notify adds one step to the petition's status file; the same step again
// changes nothing.
func (a *adapter) Notify(_ context.Context, s adapters.Step) error {
	if a.config.Status == "" || !slices.Contains(worth(), s.Type) {
		return nil
	}
	if err := a.mark(s); err != nil {
		return &hub.Error{Code: hub.CodeUnavailable, Key: "callback.failed", Args: []any{err.Error()}, Err: err}
	}
	return nil
}

func (a *adapter) mark(s adapters.Step) error {
	dir := a.config.Status
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.deps.Dir, dir)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make status folder: %w", err)
	}
	file := filepath.Join(dir, filepath.Base(string(s.Case))+".status.json")
	var p Progress
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read status file: %w", err)
	}
	if slices.ContainsFunc(p.Steps, func(m Mark) bool { return m.ID == s.ID }) {
		return nil
	}
	p.ExternalID, p.Tracking, p.Status = s.ExternalID, s.Case, s.Status
	p.Steps = append(p.Steps, Mark{s.ID, s.Type, s.Department, s.Text, s.At.In(hub.China())})
	slices.SortStableFunc(p.Steps, func(x, y Mark) int { return x.At.Compare(y.At) })
	if data, err = json.MarshalIndent(p, "", "  "); err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	return adapters.WriteFile(file, append(data, '\n'))
}
