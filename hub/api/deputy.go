package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/deputy"
)

// A DeputyList (代表事项列表) is cases as deputies see them.
type DeputyList struct {
	Total int           `json:"total"`
	Cases []deputy.View `json:"cases"`
}

// An ActivityReport (履职报告) is what deputies did: who, when and what.
type ActivityReport struct {
	Since    time.Time    `json:"since,omitzero"`
	Until    time.Time    `json:"until,omitzero"`
	Deputies []Activity   `json:"deputies"`
	Acts     []deputy.Act `json:"acts"`
}

// An Activity (履职统计) counts what one deputy did.
type Activity struct {
	Account string              `json:"account"`
	Name    string              `json:"name"`
	Counts  map[deputy.Kind]int `json:"counts"`
	Last    time.Time           `json:"last"`
}

// maxActs is how many acts a report lists.
const maxActs = 10000

type deputyRoutes struct{ bench *deputy.Bench }

// DeputyRoutes returns the routes of deputies and of those who read what they
// did.
func DeputyRoutes(bench *deputy.Bench) []Route {
	s := &deputyRoutes{bench}
	period := []Param{{"since", "从这天起，如 2026-11-01"}, {"until", "到这天为止（不含）"}}
	return []Route{
		{
			Method: "GET", Path: "/api/v1/deputy/cases", Right: access.ViewAsDeputy, Reach: access.OwnCases, Handle: s.list,
			Summary: "代表所在区域的事项，没有反映人信息", Query: listParams(), Answer: DeputyList{},
		},
		{
			Method: "GET", Path: "/api/v1/deputy/cases/{id}", Right: access.ViewAsDeputy, Reach: access.OwnCases, Handle: s.show,
			Summary: "查看一件事项的办理，没有反映人信息", Answer: deputy.View{},
		},
		{
			Method: "POST", Path: "/api/v1/deputy/cases/{id}/reviews", Right: access.ReviewAsDeputy, Reach: access.OwnCases, Handle: s.review,
			Summary: "五方面测评、建议，不满意的退回督办", Body: deputy.Review{}, Answer: Done{},
		},
		{
			Method: "GET", Path: "/api/v1/deputy/activity", Right: access.ViewAsDeputy, Reach: access.NoCases, Handle: s.own,
			Summary: "我的履职记录", Query: period, Answer: ActivityReport{},
		},
		{
			Method: "GET", Path: "/api/v1/deputies/activity", Right: access.ReadDeputies, Reach: access.NoCases, Handle: s.all,
			Summary: "代表履职报告：谁、何时、做了什么", Query: period, Answer: ActivityReport{},
		},
	}
}

func (s *deputyRoutes) list(r *http.Request) (any, error) {
	f, err := filter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	views, total, err := s.bench.List(r.Context(), f)
	return DeputyList{total, views}, err
}

func (s *deputyRoutes) show(r *http.Request) (any, error) {
	return s.bench.Show(r.Context(), hub.CaseID(r.PathValue("id")), access.Of(r.Context()).Actor())
}

func (s *deputyRoutes) review(r *http.Request) (any, error) {
	var review deputy.Review
	if err := decode(r, &review); err != nil {
		return nil, err
	}
	review.Suggestion = strings.TrimSpace(review.Suggestion)
	_, err := s.bench.Review(r.Context(), hub.CaseID(r.PathValue("id")), access.Of(r.Context()).Actor(), review)
	return Done{true}, err
}

func (s *deputyRoutes) own(r *http.Request) (any, error) {
	return s.report(r, access.Of(r.Context()).Account)
}

func (s *deputyRoutes) all(r *http.Request) (any, error) { return s.report(r, "") }

func (s *deputyRoutes) report(r *http.Request, account string) (any, error) {
	since, until, err := days(r.URL.Query())
	if err != nil {
		return nil, err
	}
	acts, err := s.bench.Records.Acts(r.Context(), account, "", since, until, maxActs)
	if err != nil {
		return nil, err
	}
	return ActivityOf(acts, since, until), nil
}

// ActivityOf counts acts by deputy.
func ActivityOf(acts []deputy.Act, since, until time.Time) ActivityReport {
	out := ActivityReport{Since: since, Until: until, Deputies: []Activity{}, Acts: acts}
	if acts == nil {
		out.Acts = []deputy.Act{}
	}
	for _, a := range acts { // newest first
		i := slices.IndexFunc(out.Deputies, func(d Activity) bool { return d.Account == a.Account })
		if i < 0 {
			i = len(out.Deputies)
			out.Deputies = append(out.Deputies, Activity{a.Account, a.Name, map[deputy.Kind]int{}, a.At})
		}
		out.Deputies[i].Counts[a.Kind]++
	}
	return out
}

// days reads a period of whole days in Beijing time.
func days(q url.Values) (since, until time.Time, err error) {
	for name, at := range map[string]*time.Time{"since": &since, "until": &until} {
		if text := q.Get(name); text != "" {
			if *at, err = time.ParseInLocation("2006-01-02", text, hub.China()); err != nil {
				return since, until, hub.Errorf(hub.CodeInvalid, "query.invalid", name)
			}
		}
	}
	return since, until, nil
}
