// Package telling is the pages of what people are told: the notices (通知) that
// went to one person each, why one waits or did not arrive, and the silences
// (静默) that hold back what departments are pushed.
//
// It sends nothing and mutes nothing: it asks the same code as the API. Start
// with [Config.Routes].
package telling

import (
	"embed"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/courier"
	letters "github.com/mashang-hub/mashang/hub/postgres/courier"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

//go:embed template/*.html
var files embed.FS

// A Config says what the pages stand on.
type Config struct {
	Names     frame.Names
	Telling   *api.Telling
	Silencing *api.Silencing
	// Topics are what cases are about.
	Topics []frame.Option
	// Person is the name of a member of staff, "" if unknown.
	Person func(hub.PersonID) string
}

type desk struct {
	*frame.Frame
	Config
}

// Routes returns the pages and the frame that they stand in.
func (c Config) Routes() (*frame.Frame, []frame.Route) {
	d := &desk{Config: c}
	d.Frame = frame.New(c.Names, c.Telling.Clock, files, template.FuncMap{
		"person": c.Person, "way": way, "colour": colour, "condition": d.condition, "until": d.state,
		"pair": func(options []frame.Option, chosen string) []any { return []any{options, chosen} },
	})
	return d.Frame, []frame.Route{
		{Method: "GET", Path: "/notices", Right: access.ReadDeliveries, Reach: access.OwnCases, Show: d.list},
		{Method: "GET", Path: "/notices/{id}", Right: access.ReadDeliveries, Reach: access.OwnCases, Show: d.one},
		{Method: "POST", Path: "/notices/{id}", Right: access.RepeatNotices, Reach: access.OwnCases, Show: d.again},
		{Method: "GET", Path: "/silences", Right: access.ReadDeliveries, Reach: access.NoCases, Show: d.silences},
		{Method: "POST", Path: "/silences", Right: access.RedoDeliveries, Reach: access.NoCases, Show: d.silence},
		{Method: "POST", Path: "/silences/{id}", Right: access.RedoDeliveries, Reach: access.NoCases, Show: d.end},
	}
}

// way is the way that a notice is tried by.
func way(n courier.Notice) string {
	if n.Way < len(n.Ways) {
		return n.Ways[n.Way]
	}
	return ""
}

// colour of a status; the word always stands beside it.
func colour(s courier.Status) string {
	return map[courier.Status]string{courier.Waiting: "wait", courier.Sent: "good", courier.Dead: "bad", courier.Nobody: "bad"}[s]
}

// perPage is how many notices or silences a page lists.
const perPage = 50

// A listing is the data of the list of notices.
type listing struct {
	letters.Filter
	From, To string // days
	Notices  []courier.Notice
	Tabs     []tab
	Events   []frame.Option
	Older    string // link
	Filtered bool
}

// A tab is a status to look at, with how many there are.
type tab struct {
	Label, Link string
	Status      courier.Status
	Count       int
}

func (d *desk) list(r *http.Request) (frame.View, error) {
	q := r.URL.Query()
	asked := url.Values{}
	for _, key := range []string{"status", "case", "person", "to", "event", "since", "until", "after"} {
		if v := strings.TrimSpace(q.Get(key)); v != "" {
			asked.Set(key, v)
		}
	}
	f, err := api.NoticeFilter(asked)
	if err != nil {
		return frame.View{}, err
	}
	l := listing{From: asked.Get("since"), To: asked.Get("until")}
	if !f.Until.IsZero() {
		f.Until = f.Until.AddDate(0, 0, 1) // the day is meant whole
	}
	f.Limit = perPage + 1
	found, err := d.Telling.List(r.Context(), f)
	if err != nil {
		return frame.View{}, err
	}
	l.Filter, l.Notices = f, found.Notices
	if len(l.Notices) > perPage {
		l.Notices = l.Notices[:perPage]
		l.Older = with(asked, "after", api.After(l.Notices[perPage-1]))
	}
	asked.Del("after")
	l.Tabs = tabs(asked, found.Counts)
	l.Filtered = len(asked) > 0
	for _, e := range events() {
		l.Events = append(l.Events, frame.Option{Value: string(e), Label: frame.Word("event", e)})
	}
	return frame.View{Name: "notices", Title: "通知", Nav: "/notices", Data: l}, nil
}

func tabs(asked url.Values, counts map[courier.Status]int) []tab {
	all := tab{Label: "全部", Link: with(asked, "status", "")}
	out := []tab{all}
	for _, s := range courier.Statuses() {
		out[0].Count += counts[s]
		out = append(out, tab{Label: frame.Word("notice", s), Link: with(asked, "status", string(s)), Status: s, Count: counts[s]})
	}
	return out
}

// with is the list with one more condition, or with one less if value is "".
func with(asked url.Values, key, value string) string {
	q := url.Values{}
	maps.Copy(q, asked)
	if q.Del(key); value != "" {
		q.Set(key, value)
	}
	if len(q) == 0 {
		return "/notices"
	}
	return "/notices?" + q.Encode()
}

// events are those of which people may be told.
func events() []hub.EventType {
	return []hub.EventType{
		hub.Assigned, hub.Queued, hub.Escalated, hub.InfoAsked, hub.ExtensionApproved, hub.Suspended, hub.Merged, hub.Reopened,
		hub.Resolved, hub.Answered, hub.Rejected,
	}
}

// A page is the data of one notice.
type page struct {
	api.NoticeView
	MayRepeat     bool
	Done, Problem string
	Typed         string
}

func (d *desk) one(r *http.Request) (frame.View, error) { return d.oneAfter(r, page{}, nil) }

func (d *desk) oneAfter(r *http.Request, p page, failed error) (frame.View, error) {
	var err error
	if p.NoticeView, err = d.Telling.One(r.Context(), r.PathValue("id")); err != nil {
		return frame.View{}, err
	}
	p.MayRepeat = p.Status != courier.Waiting && access.Of(r.Context()).Can(access.RepeatNotices)
	if r.URL.Query().Get("done") == "again" {
		p.Done = "已安排重发，马上发出。"
	}
	v := frame.View{Name: "notice", Title: "通知 " + p.ID, Nav: "/notices"}
	if failed != nil {
		p.Problem = v.Refuse(failed)
	}
	v.Data = p
	return v, nil
}

func (d *desk) again(r *http.Request) (frame.View, error) {
	id, typed := r.PathValue("id"), r.PostFormValue("reason")
	if err := d.Telling.Again(r.Context(), id, typed); err != nil {
		return d.oneAfter(r, page{Typed: typed}, err)
	}
	return frame.View{To: "/notices/" + url.PathEscape(id) + "?done=again"}, nil
}

// now is the time of the clock that the pages go by.
func (d *desk) now() time.Time { return d.Telling.Clock.Now() }
