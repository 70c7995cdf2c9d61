package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// A progress is what a citizen sees of a case: nothing that they said, no
// names, no internal words.
type progress struct {
	ID       hub.CaseID
	Asked    string // what was typed
	Problem  string
	Status   hub.Status
	Lead     hub.DepartmentCode
	OpenedAt time.Time
	Due      time.Time
	Into     hub.CaseID
	Question string
	Stages   []stage
	Steps    []step
	Key      string // of the link that the citizen came by
	Said     string // what was just done
	Refused  string // why it was not done
	Typed    string
	CanReply bool
	CanRate  bool
}

// A stage is a dot of the progress line.
type stage struct {
	Label         string
	Done, Current bool
}

// A step is one event in plain words.
type step struct {
	At   time.Time
	Name string
	Text string
}

func (s *server) track(r *http.Request) (frame.View, error) {
	id := strings.ToUpper(strings.TrimSpace(r.PathValue("tracking")))
	if id == "" {
		id = strings.ToUpper(strings.TrimSpace(r.URL.Query().Get("id")))
	}
	v := frame.View{Name: "track", Title: "查询办理进度", Public: true, Data: progress{}}
	if id == "" {
		return v, nil
	}
	c, _, err := s.store.Case(r.Context(), hub.CaseID(id))
	if hub.CodeOf(err) == hub.CodeNotFound {
		v.Title, v.Status, v.Data = "错误：没有找到", http.StatusNotFound, progress{Asked: id, Problem: frame.Sentence(err)}
		return v, nil
	}
	if err != nil {
		return frame.View{}, err
	}
	evs, err := s.store.Events(r.Context(), c.ID)
	if err != nil {
		return frame.View{}, err
	}
	p := s.progressOf(c, evs)
	if p.Key = r.FormValue("k"); r.URL.Query().Get("done") != "" {
		p.Said = "已经收到，谢谢您。"
	}
	v.Title, v.Data = "办理进度 "+string(c.ID), p
	return v, nil
}

func (s *server) progressOf(c hub.Case, evs []hub.Event) progress {
	p := progress{ID: c.ID, Status: c.Status, Lead: c.Lead(), OpenedAt: c.OpenedAt, Into: c.Into, Stages: stages(c)}
	if d, ok := c.Deadline(hub.ClockClose); ok {
		p.Due = d.Due
	}
	p.CanReply = c.Status == hub.StatusWaiting
	p.CanRate = c.Status == hub.StatusResolved || c.Status == hub.StatusAnswered || c.Status == hub.StatusArchived
	lead := hub.DepartmentCode("")
	for _, e := range evs {
		if e.Type == hub.Assigned {
			lead = e.Data.Lead
		}
		if e.Type == hub.InfoAsked && c.Status == hub.StatusWaiting {
			p.Question = mask.Text(e.Data.Text)
		}
		// One case and one answer: how the parts of others stand is not shown.
		if st, ok := s.publicStep(e); ok && (e.Data.Department == "" || e.Data.Department == lead) {
			p.Steps = append(p.Steps, st)
		}
	}
	return p
}

func stages(c hub.Case) []stage {
	at := map[hub.Status]int{
		hub.StatusSorting: 0, hub.StatusAssigned: 1, hub.StatusSigned: 2, hub.StatusHandling: 2, hub.StatusWaiting: 2,
		hub.StatusSuspended: 2, hub.StatusResolved: 3, hub.StatusAnswered: 3, hub.StatusRejected: 3, hub.StatusMerged: 3, hub.StatusArchived: 4,
	}[c.Status]
	var out []stage
	for i, label := range []string{"收到", "派出", "办理", "答复", "归档"} {
		out = append(out, stage{label, i < at, i == at})
	}
	return out
}

// publicStep says e in plain words; only words meant for the citizen are kept.
func (s *server) publicStep(e hub.Event) (step, bool) {
	st := step{At: e.At, Name: frame.Word("event", e.Type)}
	switch e.Type {
	case hub.Received:
		st.Name = "已收到您的反映"
	case hub.Assigned:
		st.Name = "已派给" + s.Department(e.Data.Lead)
	case hub.SignedFor:
		st.Name = s.Department(e.Data.Department) + "已签收"
	case hub.Answered, hub.Rejected, hub.InfoAsked, hub.Resolved:
		st.Text = mask.Text(e.Data.Text)
	case hub.ContactMade, hub.Progressed, hub.InfoGiven, hub.ExtensionApproved, hub.Suspended, hub.Resumed,
		hub.Rated, hub.Reopened, hub.Merged, hub.Archived:
	default:
		return step{}, false
	}
	return st, true
}
