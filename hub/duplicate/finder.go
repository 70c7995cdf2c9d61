package duplicate

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mashang-hub/mashang/hub"
)

// A Store reads cases; its methods are safe for concurrent use.
type Store interface {
	Cases(ctx context.Context, f hub.Filter) ([]hub.Summary, error)
	Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
}

// A Finder looks for cases like a given one.
type Finder struct{ store Store }

// New returns a Finder over store.
func New(store Store) *Finder { return &Finder{store} }

// A Suggestion (疑似重复) is a case that may be the same matter.
type Suggestion struct {
	hub.Summary
	Likeness
}

const (
	window = 300 // newest cases of the neighbourhood that are looked at
	closer = 40  // of those, how many are read in full
)

// Like returns at most n cases that may be the same matter as id, the likest
// first. It looks at the newest cases of the same township, or of the whole
// city for a case without a place; merged and rejected ones are left out.
func (f *Finder) Like(ctx context.Context, id hub.CaseID, n int) ([]Suggestion, error) {
	c, s, err := f.store.Case(ctx, id)
	if err != nil {
		return nil, err
	}
	around, err := f.store.Cases(ctx, hub.Filter{Place: c.Place.Township(), Limit: window})
	if err != nil {
		return nil, fmt.Errorf("cases around %s: %w", id, err)
	}
	me := report(ctx, c, s)
	around = slices.DeleteFunc(around, func(o hub.Summary) bool {
		return o.ID == id || o.Status == hub.StatusMerged || o.Status == hub.StatusRejected
	})
	// The titles tell which to read in full.
	rough := func(o hub.Summary) float64 {
		return Compare(me, Report{Title: o.Title, Place: o.Place, Topic: o.Class.Topic, At: o.OpenedAt}).Score
	}
	slices.SortStableFunc(around, func(a, b hub.Summary) int { return cmp.Compare(rough(b), rough(a)) })
	var out []Suggestion
	for _, o := range around[:min(closer, len(around))] {
		oc, os, err := f.store.Case(ctx, o.ID)
		if err != nil {
			return nil, fmt.Errorf("read case %s: %w", o.ID, err)
		}
		if l := Compare(me, report(ctx, oc, os)); l.Score >= Suggest {
			out = append(out, Suggestion{o, l})
		}
	}
	slices.SortStableFunc(out, func(a, b Suggestion) int { return cmp.Compare(b.Score, a.Score) })
	return out[:min(n, len(out))], nil
}

// report is what is compared of a case. Who may not learn who asked to stay
// unknown is not told either whose other cases are theirs.
func report(ctx context.Context, c hub.Case, s hub.Submission) Report {
	if s.Confidential() && !hub.ScopeOf(ctx).Knowing().Sees(c) {
		s.Reporter = hub.Reporter{}
	}
	return Report{
		Title: s.Title, Text: s.Text, PlaceText: s.PlaceText, Place: c.Place,
		Phone: s.Reporter.Phone, IDNumber: s.Reporter.IDNumber, Topic: c.Class.Topic, At: c.OpenedAt,
	}
}
