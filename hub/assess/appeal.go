package assess

import (
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// An Appeal (考核申诉) says that a case ought not to count in a measure, and how
// that was decided. A granted one takes the case out of that measure, in
// reports made from then on.
type Appeal struct {
	ID        int64      `json:"id"`
	Case      hub.CaseID `json:"case"`
	Measure   string     `json:"measure"`
	Reason    string     `json:"reason"`
	Account   string     `json:"account"`
	At        time.Time  `json:"at"`
	Granted   *bool      `json:"granted,omitempty"`
	Decision  string     `json:"decision,omitempty"`
	DecidedBy string     `json:"decided_by,omitempty"`
	DecidedAt time.Time  `json:"decided_at,omitzero"`
}
