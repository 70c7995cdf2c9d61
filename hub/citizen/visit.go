package citizen

import (
	"context"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Visit (回访) asks a citizen, after the case was closed, whether the matter
// is settled: of a sample, of all critical cases and of all who were not
// satisfied.
type Visit struct {
	Case      hub.CaseID `json:"case"`
	Round     int        `json:"round"`
	Reason    string     `json:"reason"` // sample, critical, dissatisfied
	ClosedAt  time.Time  `json:"closed_at"`
	MadeAt    time.Time  `json:"made_at,omitzero"`
	Account   string     `json:"account,omitempty"`
	Reached   *bool      `json:"reached,omitempty"`
	Solved    *bool      `json:"solved,omitempty"`
	Satisfied *bool      `json:"satisfied,omitempty"`
	Text      string     `json:"text,omitempty"`
}

// Check refuses an outcome that cannot be.
func (v Visit) Check() error {
	switch {
	case v.Reached == nil:
		return hub.Errorf(hub.CodeInvalid, "visit.reached")
	case *v.Reached && (v.Solved == nil || v.Satisfied == nil):
		return hub.Errorf(hub.CodeInvalid, "visit.answers")
	case !*v.Reached && (v.Solved != nil || v.Satisfied != nil):
		return hub.Errorf(hub.CodeInvalid, "visit.not_reached")
	}
	return nil
}

// Visits keeps return visits within the scope of the context.
type Visits interface {
	// Sample adds visits of cases closed since a time: percent of them, and
	// all that must be visited. It may be called again.
	Sample(ctx context.Context, since time.Time, percent int) (int, error)
	List(ctx context.Context, open bool, limit int) ([]Visit, error)
	// Find returns the visit of a round of a case; CodeNotFound if none is to
	// be made.
	Find(ctx context.Context, id hub.CaseID, round int) (Visit, error)
	// Record stores how a visit went, once; round 0 is the first one that waits.
	Record(ctx context.Context, v Visit) error
}
