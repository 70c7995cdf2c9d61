// Package followup is the pages of those who look after others' work: the
// supervisions and instructions that wait for an answer (督办、批示), return
// visits (回访) and what deputies did (履职).
//
// Orders and answers are commands of the desk; the pages only ask for them.
// Start with [Config.Routes].
package followup

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/citizen"
	"github.com/mashang-hub/mashang/hub/deputy"
	"github.com/mashang-hub/mashang/hub/oversight"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

//go:embed template/*.html
var files embed.FS

// A Config says what the pages stand on.
type Config struct {
	Names  frame.Names
	Clock  hub.Clock
	Office *oversight.Office
	Visits *api.Visiting
	// Acts returns what deputies did in a period, newest first.
	Acts func(ctx context.Context, since, until time.Time, limit int) ([]deputy.Act, error)
	// Topics are what cases are about.
	Topics []frame.Option
}

type desk struct {
	*frame.Frame
	Config
}

// Routes returns the pages and the frame that they stand in.
func (c Config) Routes() (*frame.Frame, []frame.Route) {
	d := &desk{Config: c}
	d.Frame = frame.New(c.Names, c.Clock, files, template.FuncMap{
		"yes":     func(b *bool) bool { return b != nil && *b },
		"counted": func(counts map[deputy.Kind]int, kind string) int { return counts[deputy.Kind(kind)] },
	})
	page := func(method, path string, right access.Right, show frame.Shower) frame.Route {
		return frame.Route{Method: method, Path: path, Right: right, Reach: access.OwnCases, Show: show}
	}
	return d.Frame, []frame.Route{
		page("GET", "/orders", access.ReadCases, d.orders),
		page("GET", "/orders/topics", access.Supervise, d.topics),
		page("POST", "/orders/topics", access.Instruct, d.instruct),
		page("POST", "/orders/topics/{id}", access.Supervise, d.answer),
		page("GET", "/visits", access.ReturnVisit, d.visits),
		page("GET", "/visits/{id}/{round}", access.ReturnVisit, d.visit),
		page("POST", "/visits/{id}/{round}", access.ReturnVisit, d.record),
		page("GET", "/deputies", access.ReadDeputies, d.deputies),
	}
}

// An orderList is the data of the list of orders.
type orderList struct {
	Orders  []oversight.Entry
	State   string
	Overdue int
	Topics  bool // may see instructions on topics
}

// limit is how many rows a list shows.
const limit = 300

func (d *desk) orders(r *http.Request) (frame.View, error) {
	l := orderList{State: r.URL.Query().Get("state"), Topics: access.Of(r.Context()).Can(access.Supervise)}
	switch l.State {
	case "":
		l.State = "open"
	case "open", "overdue", "answered":
	default:
		return frame.View{}, hub.Errorf(hub.CodeInvalid, "query.invalid", "state")
	}
	var err error
	l.Orders, err = d.Office.List(r.Context(), oversight.Filter{State: l.State, Limit: limit})
	for _, o := range l.Orders {
		if o.Overdue {
			l.Overdue++
		}
	}
	return frame.View{Name: "orders", Title: "督办和批示", Nav: "/orders", Data: l}, err
}

// A topicList is the data of the page of instructions on topics.
type topicList struct {
	Orders               []oversight.TopicOrder
	Choices, Departments []frame.Option
	Instruct             bool
	Topic, Text, Within  string
	Done, Problem        string
}

func (d *desk) topics(r *http.Request) (frame.View, error) { return d.topicsAfter(r, topicList{}, nil) }

func (d *desk) topicsAfter(r *http.Request, l topicList, failed error) (frame.View, error) {
	var err error
	if l.Orders, err = d.Office.Topics(r.Context()); err != nil {
		return frame.View{}, err
	}
	l.Choices, l.Departments = d.Topics, d.DepartmentOptions()
	l.Instruct = access.Of(r.Context()).Can(access.Instruct)
	switch r.URL.Query().Get("done") {
	case "given":
		l.Done = "批示已落到该主题的每件在办事项。"
	case "answered":
		l.Done = "已答复，连同事项上未答复的。"
	}
	v := frame.View{Name: "topics", Title: "专题批示", Nav: "/orders"}
	if failed != nil {
		l.Problem = v.Refuse(failed)
	}
	v.Data = l
	return v, nil
}

func (d *desk) instruct(r *http.Request) (frame.View, error) {
	f := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	l := topicList{Topic: f("topic"), Text: f("text"), Within: f("within")}
	in := oversight.Instruction{Topic: l.Topic, Text: l.Text, Place: hub.PlaceCode(f("place")), Owner: hub.DepartmentCode(f("owner"))}
	var err error
	if l.Within != "" {
		in.Within, err = hub.ParseBudget(l.Within)
	}
	if err == nil {
		_, err = d.Office.Instruct(r.Context(), access.Of(r.Context()).Actor(), in)
	}
	if err != nil {
		return d.topicsAfter(r, l, err)
	}
	return frame.View{To: "/orders/topics?done=given"}, nil
}

func (d *desk) answer(r *http.Request) (frame.View, error) {
	text := strings.TrimSpace(r.PostFormValue("text"))
	if err := d.Office.Answer(r.Context(), access.Of(r.Context()).Actor(), r.PathValue("id"), text); err != nil {
		return d.topicsAfter(r, topicList{}, err)
	}
	return frame.View{To: "/orders/topics?done=answered"}, nil
}

// A visitList is the data of the list of return visits.
type visitList struct {
	Visits []citizen.Visit
	All    bool
	Done   bool
}

func (d *desk) visits(r *http.Request) (frame.View, error) {
	l := visitList{All: r.URL.Query().Get("all") == "1", Done: r.URL.Query().Get("done") == "1"}
	var err error
	l.Visits, err = d.Visits.List(r.Context(), !l.All, limit)
	return frame.View{Name: "visits", Title: "回访", Nav: "/visits", Data: l}, err
}

// A call is the data of the page on which a visit is recorded.
type call struct {
	citizen.Visit
	Reveal  bool // may look at the telephone
	Cases   bool
	Problem string
	Typed   string
}

func (d *desk) visit(r *http.Request) (frame.View, error) { return d.visitAfter(r, nil) }

func (d *desk) visitAfter(r *http.Request, failed error) (frame.View, error) {
	p := access.Of(r.Context())
	round, _ := strconv.Atoi(r.PathValue("round")) // 0 is found nowhere
	c := call{Reveal: p.Can(access.Reveal), Cases: p.Can(access.ReadCases), Typed: r.PostFormValue("text")}
	var err error
	if c.Visit, err = d.Visits.Find(r.Context(), hub.CaseID(r.PathValue("id")), round); err != nil {
		return frame.View{}, err
	}
	v := frame.View{Name: "visit", Title: "登记回访", Nav: "/visits"}
	if failed != nil {
		c.Problem = v.Refuse(failed)
	}
	v.Data = c
	return v, nil
}

func (d *desk) record(r *http.Request) (frame.View, error) {
	round, _ := strconv.Atoi(r.PathValue("round"))
	req := api.VisitRequest{
		Round: round, Reached: yes(r, "reached"), Solved: yes(r, "solved"), Satisfied: yes(r, "satisfied"),
		Text: strings.TrimSpace(r.PostFormValue("text")), Reopen: r.PostFormValue("reopen") == "1",
	}
	if err := d.Visits.Record(r.Context(), hub.CaseID(r.PathValue("id")), req); err != nil {
		return d.visitAfter(r, err)
	}
	return frame.View{To: "/visits?" + url.Values{"done": {"1"}}.Encode()}, nil
}

// yes reads an answer that may be missing.
func yes(r *http.Request, name string) *bool {
	switch r.PostFormValue(name) {
	case "yes":
		return new(true)
	case "no":
		return new(false)
	}
	return nil
}

// An activity is the data of the page of what deputies did.
type activity struct {
	api.ActivityReport
	From, To string
}

// maxActs is how many acts are counted, and listed how many the last.
const (
	maxActs  = 10000
	lastActs = 50
)

func (d *desk) deputies(r *http.Request) (frame.View, error) {
	now := frame.Beijing(d.Frame.Clock.Now())
	since := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, now.Location())
	until := since.AddDate(0, 1, 0)
	for name, at := range map[string]*time.Time{"since": &since, "until": &until} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		t, err := time.ParseInLocation("2006-01-02", text, now.Location())
		if err != nil {
			return frame.View{}, &hub.Error{Code: hub.CodeInvalid, Key: "query.invalid", Args: []any{name}, Err: err}
		}
		*at = t
	}
	acts, err := d.Acts(r.Context(), since, until, maxActs)
	if err != nil {
		return frame.View{}, err
	}
	a := activity{api.ActivityOf(acts, since, until), since.Format("2006-01-02"), until.Format("2006-01-02")}
	a.Acts = a.Acts[:min(len(a.Acts), lastActs)]
	return frame.View{Name: "activity", Title: "代表履职", Nav: "/deputies", Data: a}, nil
}
