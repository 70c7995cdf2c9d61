package app

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/api"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/feedback"
	"github.com/mashang-hub/mashang/hub/postgres/routing"
	"github.com/mashang-hub/mashang/rules/learn"
)

// A RuleScores (规则成绩) is what became of the cases that rules decided, the
// worst rule first.
type RuleScores struct {
	Cases int               `json:"cases"`
	Rules []learn.RuleScore `json:"rules"`
}

// ScoreRules scores the rules by what was done with the cases that were
// received since then and by what departments said of them.
func ScoreRules(ctx context.Context, db *postgres.DB, since time.Time) (RuleScores, error) {
	outcomes, err := learn.Outcomes(ctx, routing.New(db), since)
	if err != nil {
		return RuleScores{}, err
	}
	said, err := feedback.New(db.Pool()).Remarks(ctx, since)
	if err != nil {
		return RuleScores{}, err
	}
	remarks := make([]learn.Remark, len(said))
	for i, r := range said {
		remarks[i] = learn.Remark{Case: r.Case, Rule: r.Rule, Department: r.Department, Kind: learn.Why(r.Kind)}
	}
	return RuleScores{len(outcomes), learn.Score(outcomes, remarks)}, nil
}

// ScoreRoutes shows the scores to those who write rules.
func ScoreRoutes(db *postgres.DB, clock hub.Clock) []api.Route {
	return []api.Route{{
		Method: "GET", Path: "/api/v1/rules/feedback", Right: access.ReadRules, Reach: access.NoCases,
		Summary: "每条规则的成绩：退单、改派、误报、不归我们、信息不全，和各数背后的事项编号", Answer: RuleScores{},
		Query: []api.Param{{Name: "since", Summary: "只看最近这段时间收到的事项，如 90d；不填为 90d"}},
		Handle: func(r *http.Request) (any, error) {
			b, err := hub.ParseBudget(cmp.Or(r.URL.Query().Get("since"), "90d"))
			if err != nil {
				return nil, err
			}
			return ScoreRules(r.Context(), db, clock.Now().Add(-b.Length()))
		},
	}}
}
