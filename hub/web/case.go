package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/reading"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// A file is the data of a case page.
type file struct {
	Case       hub.Case
	Content    hub.Content
	Call       mask.Call
	MayReveal  bool // may look up who spoke
	Submission hub.Submission
	Events     []hub.Event
	Deliveries []hub.Delivery
	Decision   *hub.Decision // why it was assigned so
	Duty       *hub.Duty     // who was told last
	Actions    []action
	Done       string // the action just done, in Chinese
	Problem    string // why it was not done
	Typed      string // the text that was typed, to be kept
	Tried      string // the action that failed
	Parts      []frame.Option
	Everyone   []frame.Option
}

func (s *server) showCase(r *http.Request) (frame.View, error) {
	f, err := s.file(r, hub.CaseID(r.PathValue("id")))
	if err != nil {
		return frame.View{}, err
	}
	if done := r.URL.Query().Get("done"); done != "" {
		if done == "redo" {
			f.Done = "重推，部门会再收到一次"
		}
		for _, a := range allActions() {
			if a.Type == done {
				f.Done = a.Label
			}
		}
	}
	return frame.View{Name: "case", Title: f.Content.Title, Nav: "/cases", Data: f}, nil
}

func (s *server) file(r *http.Request, id hub.CaseID) (file, error) {
	c, sub, err := s.store.Case(r.Context(), id)
	if err != nil {
		return file{}, err
	}
	f := file{Case: c, Content: mask.Content(sub.Content), Submission: sub, Actions: actionsFor(c), Everyone: s.DepartmentOptions()}
	f.MayReveal = access.MayReveal(r.Context(), c, sub.Content)
	f.Call = mask.CallOf(sub.Content, f.MayReveal)
	if f.Content.Title == "" {
		f.Content.Title = "事项 " + string(c.ID)
	}
	if f.Events, err = s.store.Events(r.Context(), id); err != nil {
		return file{}, err
	}
	if f.Deliveries, err = s.store.Deliveries(r.Context(), id); err != nil {
		return file{}, err
	}
	for i, e := range f.Events {
		f.Events[i].Data.Text = mask.Said(e.Data.Text, sub.Content)
		if e.Data.Decision != nil {
			f.Decision = e.Data.Decision
		}
		if e.Data.Duty != nil {
			f.Duty = e.Data.Duty
		}
	}
	for _, a := range c.Assignments {
		f.Parts = append(f.Parts, frame.Option{Value: string(a.Department), Label: s.Department(a.Department) + "（" + frame.Word("role", a.Role) + "）"})
	}
	return f, nil
}

// do carries out the form's action, then shows the case; on failure the page
// says why and keeps what was typed.
func (s *server) do(w http.ResponseWriter, r *http.Request) {
	id := hub.CaseID(r.PathValue("id"))
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	req, err := readForm(r)
	if err == nil {
		ctx, cmd, refused := access.Command(r.Context(), req)
		if err = refused; err == nil {
			_, err = s.desk.Do(ctx, id, cmd)
		}
	}
	if err == nil {
		http.Redirect(w, r, "/cases/"+url.PathEscape(string(id))+"?done="+url.QueryEscape(req.Type), http.StatusSeeOther)
		return
	}
	f, readErr := s.file(r, id)
	if readErr != nil {
		s.Render(w, r, s.Failed(r, readErr))
		return
	}
	f.Problem, f.Typed, f.Tried = frame.Sentence(err), req.Text, req.Type
	s.Render(w, r, frame.View{Name: "case", Title: "错误：" + f.Content.Title, Nav: "/cases", Data: f, Status: hub.CodeOf(err).HTTPStatus()})
}

// facts lists what a department read for people: how its reader works inside is
// left out.
func facts(read map[string]string) reading.Facts {
	return slices.DeleteFunc(reading.FactsOf(read), func(f reading.Fact) bool { return f.Key == "matter" && read["matter_title"] != "" })
}
