package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/assess"
)

// Issues keeps the reports that were issued, within the scope of the context.
type Issues interface {
	// Issue keeps a report of a period, with its audit record.
	Issue(ctx context.Context, in assess.Issue, f *assess.Formulas) (assess.Issue, error)
	// Issues lists them, newest first.
	Issues(ctx context.Context) ([]assess.Issue, error)
	// Issued returns one with its facts.
	Issued(ctx context.Context, id int64) (assess.Issue, []assess.Fact, error)
	// Whole reports whether what is kept has the hash of an issue.
	Whole(ctx context.Context, i assess.Issue) (bool, error)
}

// An IssueList (签发列表) is the reports that were issued, newest first.
type IssueList struct {
	Issues []assess.Issue `json:"issues"`
}

// An IssueRequest (签发) asks for the report of a period to be issued.
type IssueRequest struct {
	Since string `json:"since"` // 2026-11-01
	Until string `json:"until"` // day after the last
	// Reason is why a period that was issued before is issued once more.
	Reason string `json:"reason,omitempty"`
}

func (s *Assessing) issueRoutes() []Route {
	return []Route{
		{
			Method: "GET", Path: "/api/v1/assess/issues", Right: access.ReadAssessment, Reach: access.OwnCases, Handle: s.issues,
			Summary: "签发过的考核月报，新的在前", Answer: IssueList{},
		},
		{
			Method: "POST", Path: "/api/v1/assess/issues", Right: access.JudgeAppeal, Reach: access.OwnCases, Handle: s.issue,
			Summary: "签发考核月报：留下当时的事实、公式和哈希；同一时段再签发要写理由", Body: IssueRequest{}, Answer: assess.Issue{},
		},
		{
			Method: "GET", Path: "/api/v1/assess/issues/{issue}", Right: access.ReadAssessment, Reach: access.OwnCases, Handle: s.proof,
			Summary: "核对一份签发的月报：哈希对不对，今天再算哪些数不同", Answer: assess.Proof{},
		},
	}
}

func (s *Assessing) issues(r *http.Request) (any, error) {
	list, err := s.Kept.Issues(r.Context())
	if list == nil {
		list = []assess.Issue{}
	}
	return IssueList{list}, err
}

func (s *Assessing) issue(r *http.Request) (any, error) {
	var req IssueRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	return s.Issue(r.Context(), req)
}

// Issue issues the report of a period that is over, as whoever asks.
func (s *Assessing) Issue(ctx context.Context, req IssueRequest) (assess.Issue, error) {
	since, until, err := days(url.Values{"since": {req.Since}, "until": {req.Until}})
	if err != nil || since.IsZero() || !until.After(since) {
		return assess.Issue{}, hub.Errorf(hub.CodeInvalid, "query.invalid", "since, until")
	}
	now := s.Clock.Now()
	if until.After(now) {
		return assess.Issue{}, hub.Errorf(hub.CodeConflict, "assess.not_over")
	}
	return s.Kept.Issue(ctx, assess.Issue{
		Since: since, Until: until, At: now, Account: access.Of(ctx).Account, Reason: strings.TrimSpace(req.Reason),
	}, s.Formulas)
}

func (s *Assessing) proof(r *http.Request) (any, error) {
	id, err := issueID(r.PathValue("issue"))
	if err != nil {
		return nil, err
	}
	return s.Prove(r.Context(), id)
}

func issueID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, hub.Errorf(hub.CodeNotFound, "assess.not_issued", text)
	}
	return id, nil
}

// issued is the basis of a report that was issued.
func (s *Assessing) issued(ctx context.Context, text string) (b basis, err error) {
	id, err := issueID(text)
	if err != nil {
		return b, err
	}
	i, facts, err := s.Kept.Issued(ctx, id)
	if err != nil {
		return b, err
	}
	formulas, err := s.Marks.OldFormulas(ctx, i.Formulas)
	return basis{facts, i.Since, i.Until, formulas, &i}, err
}

// Prove compares an issue with its hash and with what today's facts say by the
// same formulas.
func (s *Assessing) Prove(ctx context.Context, id int64) (assess.Proof, error) {
	was, err := s.issued(ctx, strconv.FormatInt(id, 10))
	if err != nil {
		return assess.Proof{}, err
	}
	p := assess.Proof{Issue: *was.issue, Differences: []assess.Difference{}}
	if p.Whole, err = s.Kept.Whole(ctx, p.Issue); err != nil {
		return p, err
	}
	is := was
	if is.facts, err = s.Marks.Facts(ctx, was.since, was.until); err != nil {
		return p, err
	}
	// A department sees cases in which it helps, an issue has them with their lead.
	scope := hub.ScopeOf(ctx)
	is.facts = slices.DeleteFunc(is.facts, func(f assess.Fact) bool { return !f.In(scope) })
	for _, by := range assess.Dimensions() {
		then, err := was.table(by)
		if err != nil {
			return p, err
		}
		today, err := is.table(by)
		if err != nil {
			return p, err
		}
		p.Differences = append(p.Differences, assess.Differences(then, today)...)
	}
	return p, nil
}
