package api

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/duplicate"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/order"
)

// maxBody bounds a command in bytes.
const maxBody = 64 << 10

// A List (事项列表) is the answer of GET /api/v1/cases.
type List struct {
	Total int           `json:"total"`
	Cases []hub.Summary `json:"cases"`
}

// A View (事项详情) is one case with what was said, masked.
type View struct {
	hub.Case
	Title       string           `json:"title"`
	Text        string           `json:"text"`
	Reporter    hub.Reporter     `json:"reporter,omitzero"`
	PlaceText   string           `json:"place_text,omitempty"`
	Attachments []hub.Attachment `json:"attachments,omitempty"`
	// Confidential is set when the citizen asked to stay unknown (要求保密).
	Confidential bool `json:"confidential,omitempty"`
	mask.Call
	SubmittedAt time.Time `json:"submitted_at,omitzero"`
	ReceivedAt  time.Time `json:"received_at,omitzero"`
}

// An EventList (经过) is the history of a case, in order.
type EventList struct {
	Events []hub.Event `json:"events"`
}

// A DeliveryList (推送记录) is what departments were pushed about a case.
type DeliveryList struct {
	Deliveries []hub.Delivery `json:"deliveries"`
}

func listParams() []Param {
	return []Param{
		{"status", "只看这个状态"},
		{"department", "只看派给这个部门的"},
		{"channel", "只看这个渠道"},
		{"place", "只看这个地点以内的"},
		{"text", "标题里有这些字"},
		{"open", "true 只看未办结的"},
		{"limit", "最多多少件，不超过 1000"},
		{"offset", "跳过多少件"},
	}
}

func (s *server) list(r *http.Request) (any, error) {
	f, err := filter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	cases, err := s.store.Cases(r.Context(), f)
	if err != nil {
		return nil, err
	}
	total := len(cases)
	if f.Offset > 0 || f.Limit == 0 || total >= f.Limit { // the list may be longer
		if total, err = s.store.CountCases(r.Context(), f); err != nil {
			return nil, err
		}
	}
	for i := range cases {
		cases[i].Title = mask.Text(cases[i].Title)
	}
	if cases == nil {
		cases = []hub.Summary{}
	}
	return List{total, cases}, nil
}

func filter(q url.Values) (hub.Filter, error) {
	f := hub.Filter{
		Status: hub.Status(q.Get("status")), Department: hub.DepartmentCode(q.Get("department")),
		Channel: hub.ChannelCode(q.Get("channel")), Place: hub.PlaceCode(q.Get("place")),
		Text: strings.TrimSpace(q.Get("text")), Open: q.Get("open") == "true" || q.Get("open") == "1",
	}
	for name, p := range map[string]*int{"limit": &f.Limit, "offset": &f.Offset} {
		if s := q.Get(name); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil || n < 0 || name == "limit" && n > 1000 {
				return f, hub.Errorf(hub.CodeInvalid, "query.invalid", name)
			}
			*p = n
		}
	}
	return f, nil
}

func (s *server) show(r *http.Request) (any, error) {
	c, sub, err := s.store.Case(r.Context(), hub.CaseID(r.PathValue("id")))
	if err != nil {
		return nil, err
	}
	m := mask.Content(sub.Content)
	return View{
		Case: c, Title: m.Title, Text: m.Text, Reporter: m.Reporter, PlaceText: m.PlaceText,
		Attachments: m.Attachments, SubmittedAt: sub.SubmittedAt, ReceivedAt: sub.ReceivedAt,
		Confidential: m.Confidential(), Call: mask.CallOf(sub.Content, access.MayReveal(r.Context(), c, sub.Content)),
	}, nil
}

func (s *server) events(r *http.Request) (any, error) {
	id := hub.CaseID(r.PathValue("id"))
	_, sub, err := s.store.Case(r.Context(), id)
	if err != nil {
		return nil, err
	}
	evs, err := s.store.Events(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if evs == nil {
		evs = []hub.Event{}
	}
	for i := range evs {
		evs[i].Data.Text = mask.Said(evs[i].Data.Text, sub.Content)
	}
	return EventList{evs}, nil
}

func (s *server) deliveries(r *http.Request) (any, error) {
	id := hub.CaseID(r.PathValue("id"))
	if _, _, err := s.store.Case(r.Context(), id); err != nil {
		return nil, err
	}
	ds, err := s.store.Deliveries(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return DeliveryList{masked(ds)}, nil
}

// command carries out one command. It insists on JSON, which a form of another
// site cannot send.
func (s *server) command(r *http.Request) (any, error) {
	if mt, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); mt != "application/json" {
		return nil, hub.Errorf(hub.CodeInvalid, "api.json_only")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "command.malformed", Err: err}
	}
	if len(body) > maxBody {
		return nil, hub.Errorf(hub.CodeTooLarge, "command.too_large")
	}
	var req order.Request
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "command.malformed", Err: err}
	}
	ctx, cmd, err := access.Command(r.Context(), req)
	if err != nil {
		return nil, err
	}
	return s.desk.Do(ctx, hub.CaseID(r.PathValue("id")), cmd)
}

// Duplicates suggests cases that may be the same matter. It is safe for
// concurrent use.
type Duplicates interface {
	Like(ctx context.Context, id hub.CaseID, n int) ([]duplicate.Suggestion, error)
}

// A Similar (疑似重复) is a case that may be the same matter, and why.
type Similar struct {
	ID      hub.CaseID      `json:"id"`
	Channel hub.ChannelCode `json:"channel"`
	Status  hub.Status      `json:"status"`
	Title   string          `json:"title"`
	duplicate.Likeness
}

// A SimilarList (疑似重复列表) is suggestions, the likest first.
type SimilarList struct {
	Similar []Similar `json:"similar"`
}

// maxSimilar is how many suggestions one answer lists.
const maxSimilar = 10

// DuplicateRoutes returns the route about cases that may be merged.
func DuplicateRoutes(d Duplicates) []Route {
	return []Route{{
		Method: "GET", Path: "/api/v1/cases/{id}/similar", Right: access.ReadCases, Reach: access.OwnCases,
		Summary: "可能是同一件事的事项，供并案参考", Answer: SimilarList{},
		Handle: func(r *http.Request) (any, error) {
			found, err := d.Like(r.Context(), hub.CaseID(r.PathValue("id")), maxSimilar)
			out := SimilarList{Similar: []Similar{}}
			for _, s := range found {
				out.Similar = append(out.Similar, Similar{s.ID, s.Channel, s.Status, s.Title, s.Likeness})
			}
			return out, err
		},
	}}
}
