package app

import (
	"context"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/postgres/feedback"
	"github.com/mashang-hub/mashang/hub/postgres/ruleset"
	"github.com/mashang-hub/mashang/hub/web/frame"
	"github.com/mashang-hub/mashang/hub/web/rulebook"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/bundle"
	"github.com/mashang-hub/mashang/rules/lint"
)

// How long and how many rule sets stay read for the pages, and how many cases
// of the past week their findings are counted on.
const (
	readSets  = 8
	readFor   = time.Hour
	readCases = 2000
)

// ruleReader reads released rule sets for the pages.
type ruleReader struct {
	engine *ruleEngine
	clock  hub.Clock
	known  *expirable.LRU[hub.RuleSetHash, *rulebook.Set]
}

// rulePages are the pages of rules.
func (a *App) rulePages(names frame.Names) rulebook.Config {
	reader := &ruleReader{a.engine, a.clock, expirable.NewLRU[hub.RuleSetHash, *rulebook.Set](readSets, nil, readFor)}
	return rulebook.Config{
		Names: names, Clock: a.clock, Releases: a.rules, Library: a.released, Reader: reader, Scores: a.scores,
	}
}

// scores is what came of every rule since a time.
func (a *App) scores(ctx context.Context, since time.Time) (map[hub.RuleID]rulebook.Score, error) {
	hits, err := ruleset.New(a.db).Hits(ctx, since)
	if err != nil {
		return nil, err
	}
	out := make(map[hub.RuleID]rulebook.Score, len(hits))
	for _, h := range hits {
		out[h.Rule] = rulebook.Score{Matched: h.Matched, Won: h.Won, Last: h.Last}
	}
	counts, err := feedback.New(a.db.Pool()).Counts(ctx, since)
	if err != nil {
		return nil, err
	}
	for _, c := range counts {
		s := out[hub.RuleID(c.Rule)]
		if s.Feedback == nil {
			s.Feedback = map[string]int{}
		}
		s.Feedback[string(c.Kind)] += c.Count
		out[hub.RuleID(c.Rule)] = s
	}
	return out, nil
}

// Read implements rulebook.Reader.
func (r *ruleReader) Read(ctx context.Context, hash hub.RuleSetHash) (*rulebook.Set, error) {
	if set, ok := r.known.Get(hash); ok {
		return set, nil
	}
	source, err := r.engine.store.Source(ctx, hash)
	if err != nil {
		return nil, err
	}
	files, err := bundle.Open(source)
	if err != nil {
		return nil, err
	}
	set, err := r.engine.load(source)
	if err != nil {
		return nil, err
	}
	past, err := r.engine.store.History(ctx, r.clock.Now().AddDate(0, 0, -7), readCases)
	if err != nil {
		return nil, err
	}
	cases := make([]*lint.Case, len(past))
	for i := range past {
		cases[i] = &past[i].Submission
	}
	report, err := lint.Folder(files, r.engine.known, cases, r.engine.outside...)
	if err != nil {
		return nil, err
	}
	out := &rulebook.Set{Hash: hash}
	for _, x := range set.Rules() {
		out.Rules = append(out.Rules, ruleView(&x))
	}
	for _, f := range report.Findings {
		out.Findings = append(out.Findings, rulebook.Finding{
			Severity: string(f.Severity), Code: f.Code, File: f.File, Line: f.Line, Rule: hub.RuleID(f.Rule), Text: f.Text,
		})
	}
	r.known.Add(hash, out)
	return out, nil
}

// ruleView is x for the pages.
func ruleView(x *rules.Rule) rulebook.Rule {
	v := rulebook.Rule{
		ID: x.ID, Name: x.Name, Owner: x.Owner, File: x.File, Line: x.Line, Stage: x.Stage, When: x.When, Unless: x.Unless,
		Priority: x.Priority, Lead: x.Lead, Co: x.Co, Alert: x.Alert, Class: x.Class, Clocks: x.Clocks, StartRung: x.StartRung,
		Reject: x.Reject, Answer: x.Answer, Words: x.Words, From: x.From, To: x.To, Slow: x.Slow,
	}
	for _, e := range x.Examples {
		v.Examples = append(v.Examples, rulebook.Example{Hit: e.Hit, Title: mask.Text(e.Submission.Title), Text: mask.Text(e.Submission.Text)})
	}
	return v
}
