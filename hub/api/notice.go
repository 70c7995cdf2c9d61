package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/courier"
	"github.com/mashang-hub/mashang/hub/mask"
	letters "github.com/mashang-hub/mashang/hub/postgres/courier"
)

// Notices keeps what people are told one by one, within the scope of the
// context.
type Notices interface {
	List(ctx context.Context, f letters.Filter) ([]courier.Notice, error)
	Counts(ctx context.Context, f letters.Filter) (map[courier.Status]int, error)
	Notice(ctx context.Context, id string) (courier.Notice, error)
	// Again sends a notice that does not wait once more, with its audit
	// record.
	Again(ctx context.Context, id, reason string, now time.Time) error
}

// A NoticeList (个人通知列表) is notices, newest first, and how many there are of
// each status.
type NoticeList struct {
	Notices []courier.Notice       `json:"notices"`
	Counts  map[courier.Status]int `json:"counts"`
}

// A NoticeView (个人通知) is one notice and what it says, masked.
type NoticeView struct {
	courier.Notice
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	Text  string `json:"text,omitempty"` // as it would be written now
}

// AgainRequest (重发) says why a notice is sent again.
type AgainRequest struct {
	Reason string `json:"reason"`
}

// Telling is what the API and the pages need to show and repeat notices.
type Telling struct {
	Store  Notices
	Clock  hub.Clock
	Policy courier.Policy
	Ladder hub.Ladder
	// Words writes what a notice says.
	Words func(ctx context.Context, n courier.Notice) (courier.Message, error)
	// Wake has what is due sent at once.
	Wake func()
}

// Routes returns the routes about notices to people.
func (s *Telling) Routes() []Route {
	return []Route{
		{
			Method: "GET", Path: "/api/v1/notices", Right: access.ReadDeliveries, Reach: access.OwnCases, Handle: s.list,
			Summary: "个人通知：发给责任人和反映人的短信、应用消息、邮件，新的在前", Answer: NoticeList{}, Query: []Param{
				{"status", "waiting 待发，sent 已发，dead 死信，nobody 无处可发"},
				{"case", "只看这件事项的"},
				{"person", "只看发给这个人的，人员编号"},
				{"to", "citizen 反映人，staff 责任人"},
				{"event", "只看告知这件事的，如 escalated、resolved"},
				{"since", "从哪天（含），2026-11-01"},
				{"until", "到哪天（不含）"},
				{"after", "上一页最后一条：时间~编号"},
				{"limit", "最多多少条，不超过 1000"},
			},
		},
		{
			Method: "GET", Path: "/api/v1/notices/{notice}", Right: access.ReadDeliveries, Reach: access.OwnCases, Handle: s.one,
			Summary: "一条个人通知和它说了什么，个人信息遮盖", Answer: NoticeView{},
		},
		{
			Method: "POST", Path: "/api/v1/notices/{notice}/again", Right: access.RepeatNotices, Reach: access.OwnCases, Handle: s.again,
			Summary: "重发一条没有发到或对方没有收到的个人通知，写明理由", Body: AgainRequest{}, Answer: Done{},
		},
	}
}

// NoticeFilter reads what q asks for.
func NoticeFilter(q url.Values) (f letters.Filter, err error) {
	f = letters.Filter{
		Status: courier.Status(q.Get("status")), Case: hub.CaseID(strings.ToUpper(strings.TrimSpace(q.Get("case")))),
		Person: hub.PersonID(strings.TrimSpace(q.Get("person"))), Event: hub.EventType(q.Get("event")), To: q.Get("to"),
	}
	if f.Status != "" && !slices.Contains(courier.Statuses(), f.Status) {
		return f, hub.Errorf(hub.CodeInvalid, "query.invalid", "status")
	}
	if f.To != "" && f.To != "citizen" && f.To != "staff" {
		return f, hub.Errorf(hub.CodeInvalid, "query.invalid", "to")
	}
	if f.Since, f.Until, err = days(q); err != nil {
		return f, err
	}
	if text := q.Get("limit"); text != "" {
		if f.Limit, err = strconv.Atoi(text); err != nil || f.Limit < 1 || f.Limit > 1000 {
			return f, hub.Errorf(hub.CodeInvalid, "query.invalid", "limit")
		}
	}
	if text := q.Get("after"); text != "" {
		at, id, _ := strings.Cut(text, "~")
		if f.AfterAt, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return f, hub.Errorf(hub.CodeInvalid, "query.invalid", "after")
		}
		f.AfterID = id
	}
	return f, nil
}

// After is the query value of the page behind n.
func After(n courier.Notice) string { return n.At.UTC().Format(time.RFC3339Nano) + "~" + n.ID }

func (s *Telling) list(r *http.Request) (any, error) {
	f, err := NoticeFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return s.List(r.Context(), f)
}

// List returns notices with what they wait for, and the counts beside them.
func (s *Telling) List(ctx context.Context, f letters.Filter) (NoticeList, error) {
	list, err := s.Store.List(ctx, f)
	if err != nil {
		return NoticeList{}, err
	}
	if list == nil {
		list = []courier.Notice{}
	}
	now := s.Clock.Now()
	for i := range list {
		list[i].WaitsFor = s.Policy.WaitsFor(list[i], s.Ladder, now)
	}
	counts, err := s.Store.Counts(ctx, f)
	return NoticeList{list, counts}, err
}

func (s *Telling) one(r *http.Request) (any, error) { return s.One(r.Context(), r.PathValue("notice")) }

// One returns a notice and its words. Whoever reads them does not learn how to
// pass for the citizen: the link has no key.
func (s *Telling) One(ctx context.Context, id string) (NoticeView, error) {
	n, err := s.Store.Notice(ctx, id)
	if err != nil {
		return NoticeView{}, err
	}
	n.WaitsFor = s.Policy.WaitsFor(n, s.Ladder, s.Clock.Now())
	m, err := s.Words(ctx, n)
	if hub.CodeOf(err) == hub.CodeNotFound {
		return NoticeView{Notice: n}, nil // the case is not there any more
	}
	if err != nil {
		return NoticeView{}, err
	}
	v := NoticeView{Notice: n, Name: m.To.Name, Phone: mask.Phone(m.To.Phone)}
	link, _, _ := strings.Cut(m.Link, "?")
	text := strings.ReplaceAll(m.Text, m.Link, link)
	if n.Person == "" {
		v.Name = mask.Name(m.To.Name)
		if m.To.Name != "" {
			text = strings.ReplaceAll(text, m.To.Name, v.Name)
		}
	}
	// The number of a case is no telephone number: it stays as it is.
	before, after, found := strings.Cut(text, link)
	if v.Text = mask.Text(before); found {
		v.Text += link + mask.Text(after)
	}
	return v, nil
}

func (s *Telling) again(r *http.Request) (any, error) {
	var req AgainRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	return Done{true}, s.Again(r.Context(), r.PathValue("notice"), req.Reason)
}

// Again sends a notice once more.
func (s *Telling) Again(ctx context.Context, id, reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" {
		return hub.Errorf(hub.CodeInvalid, "reason.required")
	}
	if err := s.Store.Again(ctx, id, reason, s.Clock.Now()); err != nil {
		return err
	}
	s.Wake()
	return nil
}
