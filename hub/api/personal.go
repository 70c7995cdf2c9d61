package api

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/postgres/retention"
)

// Personal reads, seals and deletes personal data, each with its audit record.
type Personal interface {
	// Reveal returns a submission unmasked and records the purpose.
	Reveal(ctx context.Context, id hub.CaseID, now time.Time, purpose string) (hub.Submission, error)
	// Reseal seals n submissions after a receipt with the current key.
	Reseal(ctx context.Context, after hub.ReceiptID, n int) (last hub.ReceiptID, changed int, err error)
	// FinishReseal seals what else is sealed, after all submissions, and
	// returns the keys that seal nothing any more.
	FinishReseal(ctx context.Context) (changed int, unused []string, err error)
	// Hold keeps a case from deletion, Release lets it go.
	Hold(ctx context.Context, id hub.CaseID, now time.Time, reason string) error
	Release(ctx context.Context, id hub.CaseID, now time.Time, reason string) error
	// Holds returns what is kept from deletion.
	Holds(ctx context.Context) ([]retention.LegalHold, error)
	// Expiring counts the cases that Expire would delete.
	Expiring(ctx context.Context, before time.Time) (int, error)
	// Expire deletes the personal data of cases closed before a time.
	Expire(ctx context.Context, now, before time.Time, n int) ([]hub.CaseID, error)
	// ExpireLetters deletes dead letters from before a time.
	ExpireLetters(ctx context.Context, now, before time.Time) (int, error)
}

// A Purpose (用途) says what personal data is needed for, or why something is
// done.
type Purpose struct {
	Text string `json:"purpose"`
}

// A Revealed (个人信息) is who the citizen is and what they said, unmasked.
type Revealed struct {
	Reporter  hub.Reporter `json:"reporter"`
	Title     string       `json:"title"`
	Text      string       `json:"text"`
	PlaceText string       `json:"place_text,omitempty"`
}

// Counted (处理件数) says how many were changed.
type Counted struct {
	Changed int `json:"changed"`
	// Unused are keys that seal nothing any more.
	Unused []string `json:"unused,omitempty"`
}

// A HoldList (依法保留清单) is cases whose personal data is kept although its term
// is over or will be.
type HoldList struct {
	Holds []retention.LegalHold `json:"holds"`
}

// A Term (保存期限) says how long personal data is kept and what is past that.
type Term struct {
	Days   int       `json:"days"`   // after a case is closed
	Before time.Time `json:"before"` // what was closed before is past its term
	Due    int       `json:"due"`    // cases that the next run deletes
}

// page is how many submissions one transaction seals or deletes.
const page = 500

type personalRoutes struct {
	store Personal
	clock hub.Clock
	keep  func() time.Duration
}

// PersonalRoutes returns the routes about personal data; keep is how long it
// is kept after a case is closed.
func PersonalRoutes(store Personal, clock hub.Clock, keep func() time.Duration) []Route {
	s := &personalRoutes{store, clock, keep}
	return []Route{
		{
			Method: "POST", Path: "/api/v1/cases/{id}/reveal", Right: access.Reveal, Reach: access.OwnCases, Handle: s.reveal,
			Summary: "查看个人信息：要写用途，记入审计", Body: Purpose{}, Answer: Revealed{},
		},
		{
			Method: "POST", Path: "/api/v1/cases/{id}/hold", Right: access.HoldData, Reach: access.OwnCases,
			Handle: s.holdCase, Summary: "依法保留：到期也不删除", Body: Purpose{}, Answer: Done{},
		},
		{
			Method: "POST", Path: "/api/v1/cases/{id}/release", Right: access.HoldData, Reach: access.OwnCases,
			Handle: s.releaseCase, Summary: "解除依法保留", Body: Purpose{}, Answer: Done{},
		},
		{
			Method: "POST", Path: "/api/v1/system/reseal", Right: access.ManageSystem, Reach: access.NoCases, Handle: s.reseal,
			Summary: "用当前密钥重新加密个人信息", Answer: Counted{},
		},
		{
			Method: "GET", Path: "/api/v1/holds", Right: access.HoldData, Reach: access.OwnCases, Handle: s.holds,
			Summary: "依法保留的事项", Answer: HoldList{},
		},
		{
			Method: "GET", Path: "/api/v1/system/expire", Right: access.ManageSystem, Reach: access.NoCases, Handle: s.term,
			Summary: "个人信息保存期限，和下一次会删除多少件", Answer: Term{},
		},
		{
			Method: "POST", Path: "/api/v1/system/expire", Right: access.ManageSystem, Reach: access.NoCases, Handle: s.expire,
			Summary: "删除过了保存期限的个人信息", Answer: Counted{},
		},
	}
}

// purpose reads why; a word that says nothing is refused.
func purpose(r *http.Request) (string, error) {
	var p Purpose
	if err := decode(r, &p); err != nil {
		return "", err
	}
	text := strings.TrimSpace(p.Text)
	if n := utf8.RuneCountInString(text); n < 2 || n > 200 {
		return "", hub.Errorf(hub.CodeInvalid, "purpose.required")
	}
	return text, nil
}

func (s *personalRoutes) reveal(r *http.Request) (any, error) {
	why, err := purpose(r)
	if err != nil {
		return nil, err
	}
	sub, err := s.store.Reveal(r.Context(), hub.CaseID(r.PathValue("id")), s.clock.Now(), why)
	if err != nil {
		return nil, err
	}
	return Revealed{Reporter: sub.Reporter, Title: sub.Title, Text: sub.Text, PlaceText: sub.PlaceText}, nil
}

func (s *personalRoutes) holdCase(r *http.Request) (any, error) { return s.hold(r, s.store.Hold) }

func (s *personalRoutes) releaseCase(r *http.Request) (any, error) { return s.hold(r, s.store.Release) }

func (s *personalRoutes) hold(r *http.Request, act func(context.Context, hub.CaseID, time.Time, string) error) (any, error) {
	why, err := purpose(r)
	if err != nil {
		return nil, err
	}
	return Done{true}, act(r.Context(), hub.CaseID(r.PathValue("id")), s.clock.Now(), why)
}

func (s *personalRoutes) holds(r *http.Request) (any, error) {
	list, err := s.store.Holds(r.Context())
	if list == nil {
		list = []retention.LegalHold{}
	}
	return HoldList{list}, err
}

func (s *personalRoutes) term(r *http.Request) (any, error) {
	t := Term{Days: int(s.keep().Hours() / 24), Before: s.clock.Now().Add(-s.keep())}
	var err error
	t.Due, err = s.store.Expiring(hub.WithScope(r.Context(), hub.Everything()), t.Before)
	return t, err
}

func (s *personalRoutes) reseal(r *http.Request) (any, error) {
	ctx := hub.WithScope(r.Context(), hub.Everything())
	done, last := Counted{}, hub.ReceiptID("")
	for {
		next, n, err := s.store.Reseal(ctx, last, page)
		if err != nil {
			return nil, err
		}
		done.Changed += n
		if last = next; last == "" {
			break
		}
	}
	n, unused, err := s.store.FinishReseal(ctx)
	return Counted{done.Changed + n, unused}, err
}

func (s *personalRoutes) expire(r *http.Request) (any, error) {
	ctx, now, done := hub.WithScope(r.Context(), hub.Everything()), s.clock.Now(), Counted{}
	if _, err := s.store.ExpireLetters(ctx, now, now.Add(-s.keep())); err != nil {
		return nil, err
	}
	for {
		gone, err := s.store.Expire(ctx, now, now.Add(-s.keep()), page)
		if err != nil {
			return nil, err
		}
		if done.Changed += len(gone); len(gone) < page {
			return done, nil
		}
	}
}
