package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/oklog/run"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/bus/kafka"
	"github.com/mashang-hub/mashang/hub/mask"
	"github.com/mashang-hub/mashang/hub/postgres/ruleset"
	"github.com/mashang-hub/mashang/hub/release"
	"github.com/mashang-hub/mashang/hub/tally"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/bundle"
	"github.com/mashang-hub/mashang/rules/ruletest"
	"github.com/mashang-hub/mashang/rules/simulate"
	"github.com/mashang-hub/mashang/rules/tell"
)

// openRules brings the released rules into force, or the folder's if none are.
func (a *App) openRules(ctx context.Context) error {
	store := ruleset.New(a.db)
	engine := &ruleEngine{
		known: a.departmentCodes(), outside: []rules.Option{
			rules.WithCalendar(a.city.Calendar), rules.WithKnowledge(a.city.Knowledge),
			rules.WithRecent(tally.New(a.cases, a.clock, a.log).Count),
		},
		policy: a.city.Allowances, store: store,
	}
	a.released, a.engine = store, engine
	a.rules = release.New(store, store, engine, a.clock, a.log)
	for _, c := range a.rules.Collectors() {
		if err := a.metrics.Register(c); err != nil {
			return fmt.Errorf("register the metrics of rules: %w", err)
		}
	}
	if err := a.rules.Adopt(ctx, a.folder(true)); err != nil {
		return fmt.Errorf("load the rules: %w", err)
	}
	return nil
}

// folder reads the rules of the city's folder.
func (a *App) folder(started bool) release.Folder {
	f := release.Folder{Demo: a.opts.Demo, Started: started}
	files := a.city.Rules
	if files == nil {
		f.Err = hub.Errorf(hub.CodeNotFound, "rules.no_folder")
		return f
	}
	f.Source, f.Err = bundle.Pack(files)
	return f
}

// ruleLoops adds what keeps the rules of this node current: the store, the bus
// and the folder.
func (a *App) ruleLoops(ctx context.Context, g *run.Group) {
	actor(ctx, g, a.rules.Run)
	actor(ctx, g, func(ctx context.Context) error {
		f := kafka.Follower{Brokers: a.brokers, Security: a.opts.KafkaSecurity, Log: a.log}
		return f.Follow(ctx, []string{bus.Rules}, func(*message.Message) { a.rules.Notify() })
	})
	if a.opts.CityDir != "" {
		actor(ctx, g, a.watchRules)
	}
}

// historyLimit is how many cases a simulation looks at.
const historyLimit = 24000

// ruleEngine is the rules package as the life cycle sees it.
type ruleEngine struct {
	known   []hub.DepartmentCode
	outside []rules.Option // what conditions may ask beyond the folder
	policy  func(hub.ChannelCode) []hub.Allowance
	store   *ruleset.Store
}

func (e *ruleEngine) load(source []byte) (*rules.Set, error) {
	files, err := bundle.Open(source)
	if err != nil {
		return nil, err
	}
	return rules.Load(files, e.known, e.outside...)
}

// Open checks and indexes a packed folder.
func (e *ruleEngine) Open(source []byte) (release.Rules, error) {
	set, err := e.load(source)
	if err != nil {
		return nil, err
	}
	return set, nil
}

// An explanation is what rules.Explanation says, and its words.
type explanation struct {
	rules.Explanation
	Text string `json:"text"`
}

// Explain says why r decides so.
func (e *ruleEngine) Explain(r release.Rules, s *hub.Submission) any {
	set, ok := r.(*rules.Set)
	if !ok {
		return map[string]string{}
	}
	x := explanation{Explanation: set.Explain(s)}
	x.Decision.RuleSet = set.Hash()
	var text strings.Builder
	tell.Explanation(&text, set, &x.Explanation)
	x.Text = text.String()
	return x
}

// Test runs the examples and the tests of a packed folder.
func (e *ruleEngine) Test(_ context.Context, source []byte) release.Gate {
	files, err := bundle.Open(source)
	if err != nil {
		return release.Gate{Summary: err.Error()}
	}
	set, err := e.load(source)
	if err != nil {
		return release.Gate{Summary: err.Error()}
	}
	report, err := ruletest.Run(files, set)
	if err != nil {
		return release.Gate{Summary: err.Error()}
	}
	if report.Failed == 0 {
		return release.Gate{OK: true, Summary: fmt.Sprintf("%d 个例全部通过", report.Passed)}
	}
	var failed []string
	for _, x := range report.Results {
		if !x.Passed && len(failed) < 5 {
			failed = append(failed, fmt.Sprintf("%s:%d %s", x.File, x.Line, x.Name))
		}
	}
	return release.Gate{Summary: fmt.Sprintf("%d 个例没有通过：%s", report.Failed, strings.Join(failed, "、"))}
}

func (e *ruleEngine) history(ctx context.Context, since time.Time) ([]simulate.Case, error) {
	past, err := e.store.History(ctx, since, historyLimit)
	if err != nil {
		return nil, err
	}
	cases := make([]simulate.Case, len(past))
	for i, p := range past {
		cases[i] = simulate.Case{Submission: p.Submission, Lead: p.Lead}
	}
	return cases, nil
}

func (e *ruleEngine) options() simulate.Options {
	return simulate.Options{Policy: e.policy, Mask: mask.Text}
}

// Compare lets both judge the stored history.
func (e *ruleEngine) Compare(ctx context.Context, before, after release.Rules, since time.Time) (release.Report, error) {
	cases, err := e.history(ctx, since)
	if err != nil {
		return release.Report{}, err
	}
	d, err := simulate.Compare(ctx, before, after, cases, e.options())
	if err != nil {
		return release.Report{}, err
	}
	return release.Report{Data: d, Summary: fmt.Sprintf("%d 件历史中 %d 件有变化，换部门 %d 件，未定 %d→%d 件",
		d.Cases, d.Changed, d.Rerouted, d.Undecided.Before, d.Undecided.After)}, nil
}

// Simulate lets r judge the stored history.
func (e *ruleEngine) Simulate(ctx context.Context, r release.Rules, since time.Time) (release.Report, error) {
	cases, err := e.history(ctx, since)
	if err != nil {
		return release.Report{}, err
	}
	report, err := simulate.Run(ctx, r, cases, e.options())
	if err != nil {
		return release.Report{}, err
	}
	return release.Report{Data: report, Summary: fmt.Sprintf("%d 件中派出 %d 件", report.Cases, report.Decided)}, nil
}
