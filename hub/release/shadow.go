package release

import (
	"context"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Move (去向变化) counts cases that would go elsewhere.
type Move struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Cases int    `json:"cases"`
}

// A ShadowReport (影子报告) says how the shadow's decisions compare with those
// that were made.
type ShadowReport struct {
	Shadow  hub.RuleSetHash `json:"shadow"`
	Cases   int             `json:"cases"`
	Same    int             `json:"same"`
	Matrix  []Move          `json:"matrix"`
	Samples []Comparison    `json:"samples"` // newest differences
}

// A Library (规则档案) answers questions about the past.
type Library interface {
	// Entries returns the newest entries of the log, at most limit.
	Entries(ctx context.Context, limit int) ([]Entry, error)
	// ShadowSummary compares what hash said with what was decided.
	ShadowSummary(ctx context.Context, hash hub.RuleSetHash, samples int) (ShadowReport, error)
	// Decided returns a case's submission and the decision that opened it.
	Decided(ctx context.Context, id hub.CaseID) (hub.Submission, hub.Decision, error)
	// Judged returns the decisions made after a moment, oldest first, at most
	// limit, with masked titles.
	Judged(ctx context.Context, after time.Time, limit int) ([]Judged, error)
}
