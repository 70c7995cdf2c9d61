package api

import (
	"context"
	"net/http"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/petition"
)

// Petitions reads what a notice is filled from.
type Petitions interface {
	Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
	// Reveal returns a submission unmasked and records the purpose.
	Reveal(ctx context.Context, id hub.CaseID, now time.Time, purpose string) (hub.Submission, error)
}

// A NoticeOrder (文书要求) says which notice to write, with what only people can
// say. Office is who signs it; without it the lead department does.
type NoticeOrder struct {
	Kind   petition.Kind `json:"kind"`
	Text   string        `json:"text,omitempty"`
	Basis  string        `json:"basis,omitempty"`
	Office string        `json:"office,omitempty"`
}

// NoticeRoutes returns the route that writes a petitioner's notices. They name
// the petitioner, so each is a look at personal data, with its audit record;
// office names the lead department.
func NoticeRoutes(store Petitions, clock hub.Clock, office func(hub.DepartmentCode) string) []Route {
	return []Route{{
		Method: "POST", Path: "/api/v1/cases/{id}/notice", Right: access.Reveal, Reach: access.OwnCases,
		Summary: "信访文书：受理、不予受理、延期告知书，处理意见书；写有姓名，记入审计", Body: NoticeOrder{}, Answer: petition.Notice{},
		Handle: func(r *http.Request) (any, error) {
			var o NoticeOrder
			if err := decode(r, &o); err != nil {
				return nil, err
			}
			id := hub.CaseID(r.PathValue("id"))
			c, s, err := store.Case(r.Context(), id)
			if err != nil {
				return nil, err
			}
			m := petition.Matter{Case: c, Submission: s, Office: o.Office, Text: o.Text, Basis: o.Basis}
			if m.Office == "" {
				m.Office = office(c.Lead())
			}
			if _, err := petition.Write(o.Kind, m, clock.Now()); err != nil {
				return nil, err // nothing is revealed for a form that cannot be written
			}
			if m.Submission, err = store.Reveal(r.Context(), id, clock.Now(), "信访文书 "+string(o.Kind)); err != nil {
				return nil, err
			}
			return petition.Write(o.Kind, m, clock.Now())
		},
	}}
}
