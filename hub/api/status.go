package api

import (
	"net/http"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/mask"
)

// A Progress (办理进度) is what a citizen sees of a case: no words of theirs, no
// names, no internal remarks.
type Progress struct {
	Tracking   hub.CaseID `json:"tracking"`
	Status     hub.Status `json:"status"`
	StatusText string     `json:"status_text"`
	Department string     `json:"department,omitempty"`
	OpenedAt   time.Time  `json:"opened_at"`
	Due        time.Time  `json:"due,omitzero"`
	ClosedAt   time.Time  `json:"closed_at,omitzero"`
	Into       hub.CaseID `json:"into,omitempty"`
	Steps      []Step     `json:"steps"`
}

// A Step (经过) is one event as citizens see it.
type Step struct {
	At   time.Time     `json:"at"`
	Type hub.EventType `json:"type"`
	Name string        `json:"name"`
	Text string        `json:"text,omitempty"`
}

func (s *server) status(r *http.Request) (any, error) {
	id := hub.CaseID(r.PathValue("tracking"))
	c, _, err := s.store.Case(r.Context(), id)
	if err != nil {
		return nil, err
	}
	evs, err := s.store.Events(r.Context(), id)
	if err != nil {
		return nil, err
	}
	p := Progress{
		Tracking: c.ID, Status: c.Status, StatusText: glossary.In("status", string(c.Status)),
		OpenedAt: c.OpenedAt, ClosedAt: c.ClosedAt, Into: c.Into, Steps: []Step{},
	}
	if lead := c.Lead(); lead != "" {
		p.Department = s.opts.Department(lead)
	}
	if d, ok := c.Deadline(hub.ClockClose); ok {
		p.Due = d.Due
	}
	for _, e := range evs {
		if st, ok := publicStep(e); ok {
			p.Steps = append(p.Steps, st)
		}
	}
	return p, nil
}

// publicStep returns what a citizen may see of e. Only words that are meant for
// the citizen are kept.
func publicStep(e hub.Event) (Step, bool) {
	st := Step{At: e.At, Type: e.Type, Name: glossary.In("event", string(e.Type))}
	switch e.Type {
	case hub.Answered, hub.Rejected, hub.InfoAsked, hub.Resolved:
		st.Text = mask.Text(e.Data.Text)
	case hub.Received, hub.Assigned, hub.SignedFor, hub.ContactMade, hub.Progressed, hub.InfoGiven,
		hub.ExtensionApproved, hub.Suspended, hub.Resumed, hub.Rated, hub.Reopened, hub.Merged, hub.Archived:
	default:
		return Step{}, false
	}
	return st, true
}
