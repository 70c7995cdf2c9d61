package adapters

import (
	"context"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A PublicCase is what anyone may know of a case: no names, phones or doors.
type PublicCase struct {
	hub.Case
	// Description is the citizen's text with personal data masked.
	Description string
	Address     string // down to the community
	Agency      string // name of the lead department
	Extra       map[string]string
	UpdatedAt   time.Time
}

// A PublicUpdate is one step of a case that its reporter is told about.
type PublicUpdate struct {
	ID   string // stable: the same step always has the same
	Case hub.CaseID
	Step hub.EventType
	Open bool // whether the case was open after it
	Text string
	At   time.Time
}

// A PublicFilter chooses public cases of some channels, newest first.
type PublicFilter struct {
	Channels []hub.ChannelCode
	Cases    []hub.CaseID    // only these
	Receipts []hub.ReceiptID // only those with these
	From, To time.Time       // when they were opened; zero is open-ended
	Open     *bool           // nil for both
	Services []string        // only of these services; "" stands for none said
	Account  string          // only those of this user of the channel
	Limit    int
	Offset   int
}

// Public shows cases to the outside. Its methods are safe for concurrent use.
type Public interface {
	Cases(ctx context.Context, f PublicFilter) ([]PublicCase, error)
	// Updates lists the steps in [from, to), oldest first, at most limit.
	Updates(ctx context.Context, channels []hub.ChannelCode, from, to time.Time, limit int) ([]PublicUpdate, error)
	// Reply adds what the reporter says to a case that waits for it;
	// CodeConflict when it does not wait.
	Reply(ctx context.Context, id hub.CaseID, text string) error
}

// noPublic has nothing to show.
type noPublic struct{}

func (noPublic) Cases(context.Context, PublicFilter) ([]PublicCase, error) { return nil, nil }

func (noPublic) Updates(context.Context, []hub.ChannelCode, time.Time, time.Time, int) ([]PublicUpdate, error) {
	return nil, nil
}

func (noPublic) Reply(_ context.Context, id hub.CaseID, _ string) error {
	return hub.Errorf(hub.CodeNotFound, "case.not_found", string(id))
}
