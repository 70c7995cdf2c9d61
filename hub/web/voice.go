package web

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/citizen"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// A Voice hears citizens about their own case.
type Voice interface {
	Reply(ctx context.Context, id hub.CaseID, p citizen.Proof, text string) (hub.Case, error)
	Rate(ctx context.Context, id hub.CaseID, p citizen.Proof, r citizen.Rating) (hub.Case, error)
	Reopen(ctx context.Context, id hub.CaseID, p citizen.Proof, text string) (hub.Case, error)
}

// A Revealer shows personal data and records what for.
type Revealer func(ctx context.Context, id hub.CaseID, purpose string) (hub.Submission, error)

type voice struct {
	*server
	Voice
	reveal Revealer
}

// Personal returns the handlers of what citizens say about their case, POST
// /t/{tracking}/say, and of personal data that is shown for a purpose,
// /reveal/{id}.
func Personal(store Store, v Voice, reveal Revealer, names frame.Names, clock hub.Clock) http.Handler {
	s := &voice{newServer(store, nil, names, clock), v, reveal}
	m := http.NewServeMux()
	m.HandleFunc("POST /t/{tracking}/say", s.say)
	m.HandleFunc("GET /reveal/{id}", s.Page(s.ask))
	m.HandleFunc("POST /reveal/{id}", s.Page(s.show))
	return s.Guard(m)
}

// say takes a citizen's form; on failure the page says why and keeps what was
// typed.
func (s *voice) say(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 32<<10)
	id, err := hub.CaseID(r.PathValue("tracking")), r.ParseForm()
	f := r.PostForm.Get
	if err == nil {
		proof := citizen.Proof{Tail: strings.TrimSpace(f("tail")), Key: f("k")}
		proof.Remote, _, _ = net.SplitHostPort(r.RemoteAddr)
		switch f("what") {
		case "reply":
			_, err = s.Reply(r.Context(), id, proof, f("text"))
		case "rate":
			stars, _ := strconv.Atoi(f("stars")) // 0 is refused by the desk
			_, err = s.Rate(r.Context(), id, proof, citizen.Rating{Stars: stars, Text: f("text"), Again: f("again") == "1"})
		default:
			_, err = s.Reopen(r.Context(), id, proof, f("text"))
		}
	}
	if err == nil {
		http.Redirect(w, r, "/t/"+url.PathEscape(string(id))+"?done=1", http.StatusSeeOther)
		return
	}
	v, missing := s.track(r)
	if missing != nil {
		v = s.ErrorView(missing)
		v.Public = true
	} else if p, ok := v.Data.(progress); ok {
		p.Refused, p.Typed = frame.Sentence(err), f("text")
		v.Title, v.Data, v.Status = "错误："+v.Title, p, hub.CodeOf(err).HTTPStatus()
	}
	s.Render(w, r, v)
}

// A revealed is the data of the page of personal data.
type revealed struct {
	ID      hub.CaseID
	Shown   bool
	Problem string
	Content hub.Content
}

func (s *voice) ask(r *http.Request) (frame.View, error) {
	return frame.View{Name: "reveal", Title: "查看个人信息", Nav: "/cases", Data: revealed{ID: hub.CaseID(r.PathValue("id"))}}, nil
}

func (s *voice) show(r *http.Request) (frame.View, error) {
	d := revealed{ID: hub.CaseID(r.PathValue("id"))}
	v := frame.View{Name: "reveal", Title: "个人信息 " + string(d.ID), Nav: "/cases"}
	purpose := strings.TrimSpace(r.FormValue("purpose"))
	if n := len([]rune(purpose)); n < 2 || n > 200 {
		d.Problem = frame.Sentence(hub.Errorf(hub.CodeInvalid, "purpose.required"))
		v.Title, v.Data, v.Status = "错误：查看个人信息", d, http.StatusUnprocessableEntity
		return v, nil
	}
	sub, err := s.reveal(r.Context(), d.ID, purpose)
	d.Shown, d.Content = err == nil, sub.Content
	v.Data = d
	return v, err
}
