package telling

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/notice"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// A hush is the data of the page of silences.
type hush struct {
	Silences    []row
	State       string // active, over or "" for all
	Active      int
	Older       string // link
	May         bool   // set one
	Departments []frame.Option
	Topics      []frame.Option
	Urgencies   []frame.Option
	Events      []frame.Option
	Lengths     []frame.Option
	Typed       typed
	Done        string
	Problem     string
}

// A row is a silence and whether the reader may end it.
type row struct {
	notice.Silence
	MayEnd bool
}

// What was typed into the form.
type typed struct {
	Department, Topic, Urgency, Event, Place, More, For, Until, Reason string
}

func (d *desk) silences(r *http.Request) (frame.View, error) {
	q := r.URL.Query()
	return d.silencesAfter(r, hush{Typed: typed{
		Department: q.Get("department"), Topic: q.Get("topic"), Event: q.Get("event"), Place: q.Get("place"), For: "2h",
	}}, nil)
}

func (d *desk) silencesAfter(r *http.Request, h hush, failed error) (frame.View, error) {
	q, who := r.URL.Query(), access.Of(r.Context())
	if h.State = q.Get("state"); h.State != "" && h.State != "active" && h.State != "over" {
		return frame.View{}, hub.Errorf(hub.CodeInvalid, "query.invalid", "state")
	}
	all, err := d.Silencing.Store.List(r.Context(), d.now())
	if err != nil {
		return frame.View{}, err
	}
	for _, s := range all {
		if s.EndsAt.After(d.now()) {
			h.Active++
		}
	}
	all = slices.DeleteFunc(all, func(s notice.Silence) bool {
		return h.State == "active" && !s.EndsAt.After(d.now()) || h.State == "over" && s.EndsAt.After(d.now())
	})
	at, _ := strconv.Atoi(q.Get("page"))
	at = min(max(at, 0), len(all)/perPage)
	shown := all[at*perPage:]
	if len(shown) > perPage {
		shown, h.Older = shown[:perPage], "/silences?state="+h.State+"&page="+strconv.Itoa(at+1)
	}
	for _, s := range shown {
		h.Silences = append(h.Silences, row{s, s.EndsAt.After(d.now()) && api.MayEnd(who, s)})
	}
	h.choices(d, who)
	switch q.Get("done") {
	case "set":
		h.Done = "静默已设。压着的推送到时自动送出，也可以提前结束。"
	case "ended":
		h.Done = "静默已结束，压着的推送随即送出。"
	}
	v := frame.View{Name: "silences", Title: "静默", Nav: "/notices"}
	if failed != nil {
		h.Problem = v.Refuse(failed)
	}
	v.Data = h
	return v, nil
}

// choices are what the form offers who; a department's people mute only their
// own.
func (h *hush) choices(d *desk, who access.Principal) {
	h.May = who.Can(access.RedoDeliveries)
	own := who.Departments(access.RedoDeliveries)
	for _, o := range d.DepartmentOptions() {
		if own == nil || slices.Contains(own, hub.DepartmentCode(o.Value)) {
			h.Departments = append(h.Departments, o)
		}
	}
	if own == nil {
		h.Departments = append([]frame.Option{{Label: "全部部门"}}, h.Departments...)
	}
	h.Topics = append([]frame.Option{{Label: "不限"}}, d.Topics...)
	h.Urgencies, h.Events = []frame.Option{{Label: "不限"}}, []frame.Option{{Label: "不限"}}
	for _, u := range []hub.Urgency{hub.UrgencyNormal, hub.UrgencyUrgent, hub.UrgencyCritical} {
		h.Urgencies = append(h.Urgencies, frame.Option{Value: string(u), Label: frame.Word("urgency", u)})
	}
	for _, e := range []hub.EventType{hub.Assigned, hub.Warned, hub.Overran, hub.Escalated, hub.Reminded, hub.InfoGiven, hub.Reopened} {
		h.Events = append(h.Events, frame.Option{Value: string(e), Label: frame.Word("event", e)})
	}
	for _, l := range []struct{ value, label string }{
		{"1h", "1 小时"}, {"2h", "2 小时"}, {"4h", "4 小时"}, {"12h", "12 小时"}, {"24h", "1 天"}, {"72h", "3 天"}, {"168h", "7 天"},
	} {
		h.Lengths = append(h.Lengths, frame.Option{Value: l.value, Label: l.label})
	}
}

func (d *desk) silence(r *http.Request) (frame.View, error) {
	f := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	t := typed{f("department"), f("topic"), f("urgency"), f("event"), f("place"), f("more"), f("for"), f("until"), f("reason")}
	req, err := t.request(d.now())
	if err == nil {
		_, err = d.Silencing.Add(r.Context(), req)
	}
	if err != nil {
		return d.silencesAfter(r, hush{Typed: t}, err)
	}
	return frame.View{To: "/silences?done=set"}, nil
}

// request is what the form asks for. A place means all that lies in it.
func (t typed) request(now time.Time) (api.SilenceRequest, error) {
	req := api.SilenceRequest{Reason: t.Reason}
	var lines []string
	for _, c := range []struct{ label, value string }{
		{"department", t.Department}, {"topic", t.Topic}, {"urgency", t.Urgency}, {"event", t.Event},
	} {
		if c.value != "" {
			lines = append(lines, c.label+"="+c.value)
		}
	}
	if t.Place != "" {
		lines = append(lines, "place=~"+t.Place+".*")
	}
	for _, line := range append(lines, strings.Split(t.More, "\n")...) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		m, err := notice.ParseMatcher(line)
		if err != nil {
			return req, err
		}
		req.Matchers = append(req.Matchers, m)
	}
	if t.Until != "" {
		at, err := time.ParseInLocation("2006-01-02T15:04", t.Until, frame.Beijing(now).Location())
		if err != nil {
			return req, hub.Errorf(hub.CodeInvalid, "silence.ends")
		}
		req.EndsAt = at
		return req, nil
	}
	length, err := time.ParseDuration(t.For)
	if err != nil {
		return req, hub.Errorf(hub.CodeInvalid, "silence.ends")
	}
	req.EndsAt = now.Add(length)
	return req, nil
}

func (d *desk) end(r *http.Request) (frame.View, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return frame.View{}, hub.Errorf(hub.CodeNotFound, "silence.not_found", r.PathValue("id"))
	}
	if err := d.Silencing.End(r.Context(), id); err != nil {
		return d.silencesAfter(r, hush{Typed: typed{For: "2h"}}, err)
	}
	return frame.View{To: "/silences?done=ended"}, nil
}

// condition says a matcher in words.
func (d *desk) condition(m notice.Matcher) string {
	label, value := frame.Word("field", m.Label), m.Value
	switch {
	case m.Op != "=" && m.Op != "!=":
	case m.Label == "department":
		value = d.Department(hub.DepartmentCode(value))
	case m.Label == "place":
		value = d.Place(hub.PlaceCode(value))
	case slices.Contains([]string{"event", "role", "topic", "kind", "urgency"}, m.Label):
		value = frame.Word(m.Label, value)
	}
	if code, ok := strings.CutSuffix(m.Value, ".*"); ok && m.Label == "place" {
		return label + map[string]string{"=~": "是", "!~": "不是"}[m.Op] + d.Place(hub.PlaceCode(code)) + "及以内"
	}
	op := map[string]string{"=": "是", "!=": "不是", "=~": "符合", "!~": "不符合"}[m.Op]
	return label + op + value
}

// state says how far a silence is.
func (d *desk) state(s notice.Silence) string {
	switch {
	case !s.EndsAt.After(d.now()):
		return "已结束"
	case s.StartsAt.After(d.now()):
		return "未开始"
	}
	return "静默中"
}
