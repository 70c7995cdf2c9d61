package scores

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/assess"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// newest is the last issue of the period of t, nil if it was never issued.
func (b *board) newest(r *http.Request, t assess.Table) (*assess.Issue, error) {
	list, err := b.assess.Kept.Issues(r.Context())
	i := slices.IndexFunc(list, func(i assess.Issue) bool { return i.Since.Equal(t.Since) && i.Until.Equal(t.Until) })
	if err != nil || i < 0 {
		return nil, err
	}
	return &list[i], nil
}

// A register is the data of the page of issued reports.
type register struct {
	Issues               []assess.Issue
	May                  bool
	Since, Until, Reason string
	Done, Problem        string
}

func (b *board) issues(r *http.Request) (frame.View, error) {
	now := frame.Beijing(b.Clock.Now())
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, now.Location())
	return b.issuesAfter(r, register{Since: day(first.AddDate(0, -1, 0)), Until: day(first)}, nil)
}

func (b *board) issuesAfter(r *http.Request, g register, failed error) (frame.View, error) {
	var err error
	if g.Issues, err = b.assess.Kept.Issues(r.Context()); err != nil {
		return frame.View{}, err
	}
	g.May = access.Of(r.Context()).Can(access.JudgeAppeal)
	if r.URL.Query().Get("done") != "" {
		g.Done = "月报已签发，从此这个时段按签发时的数。"
	}
	v := frame.View{Name: "issues", Title: "签发的月报", Nav: "/assess"}
	if failed != nil {
		g.Problem = v.Refuse(failed)
	}
	v.Data = g
	return v, nil
}

func (b *board) issue(r *http.Request) (frame.View, error) {
	f := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	g := register{Since: f("since"), Until: f("until"), Reason: f("reason")}
	if _, err := b.assess.Issue(r.Context(), api.IssueRequest{Since: g.Since, Until: g.Until, Reason: g.Reason}); err != nil {
		return b.issuesAfter(r, g, err)
	}
	return frame.View{To: "/assess/issues?done=1"}, nil
}

func (b *board) proof(r *http.Request) (frame.View, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return frame.View{}, hub.Errorf(hub.CodeNotFound, "assess.not_issued", r.PathValue("id"))
	}
	p, err := b.assess.Prove(r.Context(), id)
	return frame.View{Name: "proof", Title: "核对签发的月报", Nav: "/assess", Data: p}, err
}
