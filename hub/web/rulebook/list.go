package rulebook

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/release"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// perPage is how many rules a page lists.
const perPage = 50

// A scored is a rule with what came of it.
type scored struct {
	Rule
	Score
}

// A listing is the data of the first page.
type listing struct {
	release.Status
	Set           *Set
	Rules         []scored
	Found         int
	Query         string
	Stage, Lead   string
	Stages, Leads []frame.Option
	Prev, Next    string
	Errors        int
	Warnings      int
	Approver      bool
	Author        bool
	Done, Problem string
}

func (b *book) home(r *http.Request) (frame.View, error) { return b.homeAfter(r, nil) }

// homeAfter is the first page, after a rollback that failed.
func (b *book) homeAfter(r *http.Request, failed error) (frame.View, error) {
	status, err := b.Releases.Status(r.Context())
	if err != nil {
		return frame.View{}, err
	}
	p, q := access.Of(r.Context()), r.URL.Query()
	l := listing{
		Status: status, Query: strings.TrimSpace(q.Get("q")), Stage: q.Get("stage"), Lead: q.Get("lead"),
		Approver: p.Can(access.ApproveRules), Author: p.Can(access.WriteRules),
		Stages: stages(), Leads: b.DepartmentOptions(), Set: &Set{},
	}
	if q.Get("done") == "rollback" {
		l.Done = "已回滚，以下是现在启用的规则。"
	}
	v := frame.View{Name: "rules", Title: "规则", Nav: "/rules"}
	if failed != nil {
		l.Problem = v.Refuse(failed)
	}
	if status.Active != nil {
		if l.Set, err = b.Reader.Read(r.Context(), status.Active.Hash); err != nil {
			return frame.View{}, err
		}
	}
	for _, f := range l.Set.Findings {
		switch f.Severity {
		case "error":
			l.Errors++
		case "warning":
			l.Warnings++
		}
	}
	err = b.fill(r, &l)
	v.Data = l
	return v, err
}

// fill finds the rules that are asked for and scores those that are shown.
func (b *book) fill(r *http.Request, l *listing) error {
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("page"))
	page = min(max(page, 1), 10000)
	scores, err := b.Scores(r.Context(), b.Frame.Clock.Now().Add(-window))
	if err != nil {
		return err
	}
	for i := range l.Set.Rules {
		rule := &l.Set.Rules[i]
		if !l.wants(rule) {
			continue
		}
		if l.Found/perPage == page-1 {
			l.Rules = append(l.Rules, scored{*rule, scores[rule.ID]})
		}
		l.Found++
	}
	link := func(n int) string {
		to := url.Values{"q": {l.Query}, "stage": {l.Stage}, "lead": {l.Lead}, "page": {strconv.Itoa(n)}}
		return "/rules?" + to.Encode()
	}
	if page > 1 {
		l.Prev = link(page - 1)
	}
	if l.Found > page*perPage {
		l.Next = link(page + 1)
	}
	return nil
}

// wants reports whether rule is among those that are asked for: by its number,
// name, words, condition or examples.
func (l *listing) wants(rule *Rule) bool {
	if l.Stage != "" && rule.Stage != l.Stage || l.Lead != "" && string(rule.Lead) != l.Lead {
		return false
	}
	text := []string{string(rule.ID), rule.Name, rule.When, rule.Unless, rule.File, strings.Join(rule.Words, " ")}
	for _, e := range rule.Examples {
		text = append(text, e.Title, e.Text)
	}
	return l.Query == "" || slices.ContainsFunc(text, func(s string) bool { return strings.Contains(s, l.Query) })
}

func stages() []frame.Option {
	var out []frame.Option
	for _, code := range []string{"screen", "classify", "route", "answer", "deadline", "alert"} {
		out = append(out, frame.Option{Value: code, Label: frame.Word("stage", code)})
	}
	return out
}

// A single is the data of the page of one rule.
type single struct {
	scored
	Hash     hub.RuleSetHash
	Findings []Finding
}

func (b *book) rule(r *http.Request) (frame.View, error) {
	id := hub.RuleID(r.PathValue("id"))
	set, err := b.named(r, r.URL.Query().Get("set"))
	if err != nil {
		return frame.View{}, err
	}
	i := slices.IndexFunc(set.Rules, func(x Rule) bool { return x.ID == id })
	if i < 0 {
		return frame.View{}, hub.Errorf(hub.CodeNotFound, "rule.not_found", string(id))
	}
	scores, err := b.Scores(r.Context(), b.Frame.Clock.Now().Add(-window))
	d := single{scored: scored{set.Rules[i], scores[id]}, Hash: set.Hash}
	for _, f := range set.Findings {
		if f.Rule == id {
			d.Findings = append(d.Findings, f)
		}
	}
	return frame.View{Name: "rule", Title: "规则 " + string(id), Nav: "/rules", Data: d}, err
}

// named reads the set that ref names: a hash or its beginning, or the state of
// a release; "" is the active one.
func (b *book) named(r *http.Request, ref string) (*Set, error) {
	if ref == "" {
		ref = string(release.Active)
	}
	hash, err := b.Releases.Resolve(r.Context(), ref)
	if err != nil {
		return nil, err
	}
	return b.Reader.Read(r.Context(), hash)
}

func (b *book) findings(r *http.Request) (frame.View, error) {
	set, err := b.named(r, r.URL.Query().Get("set"))
	if err != nil {
		return frame.View{}, err
	}
	return frame.View{Name: "findings", Title: "规则的问题", Nav: "/rules", Data: set}, nil
}
