package learn

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// Events gives what happened to cases after the rules had decided: only the
// events assigned and sent_back matter. A case's events come together, in
// their order. Routing may be called again after an error.
type Events interface {
	Routing(ctx context.Context, since time.Time, each func(hub.Event) error) error
}

// An Outcome (去向) is what became of one case that a rule had sent to a
// department.
type Outcome struct {
	Case     hub.CaseID         `json:"case"`
	Rule     hub.RuleID         `json:"rule"`
	Lead     hub.DepartmentCode `json:"lead"`  // by the rule
	Final    hub.DepartmentCode `json:"final"` // who has it now
	SentBack bool               `json:"sent_back"`
}

// right reports whether the rule's choice stood.
func (o Outcome) right() bool { return !o.SentBack && (o.Final == "" || o.Final == o.Lead) }

// Outcomes folds events into outcomes. Cases that no rule decided are left
// out.
func Outcomes(ctx context.Context, from Events, since time.Time) ([]Outcome, error) {
	var f Folder
	if err := from.Routing(ctx, since, func(e hub.Event) error { f.Add(e); return nil }); err != nil {
		return nil, err
	}
	return f.Outcomes(), nil
}

// A Folder collects events into outcomes. The zero Folder is ready.
type Folder struct {
	at   map[hub.CaseID]int
	list []Outcome
}

// Add takes the next event of a case.
func (f *Folder) Add(e hub.Event) {
	if f.at == nil {
		f.at = map[hub.CaseID]int{}
	}
	i, ok := f.at[e.Case]
	switch {
	case !ok && e.Type == hub.Assigned && e.Data.Decision != nil && e.Data.Decision.Rule != "":
		f.at[e.Case] = len(f.list)
		f.list = append(f.list, Outcome{Case: e.Case, Rule: e.Data.Decision.Rule, Lead: e.Data.Lead, Final: e.Data.Lead})
	case ok && e.Type == hub.SentBack && e.Data.Department == f.list[i].Lead:
		f.list[i].SentBack = true
	case ok && e.Type == hub.Assigned:
		f.list[i].Final = e.Data.Lead
		// The desk may insist: back at the same department, the rule was right.
		f.list[i].SentBack = f.list[i].SentBack && e.Data.Lead != f.list[i].Lead
	}
}

// Outcomes returns what was collected, in the order of the cases.
func (f *Folder) Outcomes() []Outcome { return slices.Clone(f.list) }

// A Verdict (结论) is what a rule's precision calls for.
type Verdict string

// The verdicts.
const (
	Keep   Verdict = "keep"   // 保留
	Tune   Verdict = "tune"   // 调整
	Retire Verdict = "retire" // 停用
	TooFew Verdict = "few"    // 样本少, no verdict yet
)

// Few is how many cases a rule needs before its precision means anything.
const Few = 20

// A RuleScore (规则成绩) is how often a rule's choice stood.
type RuleScore struct {
	Rule      hub.RuleID `json:"rule"`
	Cases     int        `json:"cases"`
	SentBack  int        `json:"sent_back"`
	Rerouted  int        `json:"rerouted"`
	Right     int        `json:"right"`
	Precision float64    `json:"precision"`
	// Low and High bound the true precision with 95 % confidence (Wilson).
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Verdict Verdict `json:"verdict"`
	Goes    []Goes  `json:"goes,omitempty"` // where the others went, most first
	Small   bool    `json:"small"`          // fewer than Few cases
}

// A Goes (改派去向) counts cases that ended with another department.
type Goes struct {
	To    hub.DepartmentCode `json:"to"`
	Cases int                `json:"cases"`
}

// Score returns a score for every rule of outcomes, the worst first; rules
// with few cases come last, as nothing can be said of them yet.
func Score(outcomes []Outcome) []RuleScore {
	at, goes := map[hub.RuleID]*RuleScore{}, map[hub.RuleID]map[hub.DepartmentCode]int{}
	var order []*RuleScore
	for _, o := range outcomes {
		s := at[o.Rule]
		if s == nil {
			s = &RuleScore{Rule: o.Rule}
			at[o.Rule], goes[o.Rule] = s, map[hub.DepartmentCode]int{}
			order = append(order, s)
		}
		s.Cases++
		if o.SentBack {
			s.SentBack++
		}
		if o.Final != "" && o.Final != o.Lead {
			s.Rerouted++
			goes[o.Rule][o.Final]++
		}
		if o.right() {
			s.Right++
		}
	}
	out := make([]RuleScore, 0, len(order))
	for _, s := range order {
		s.finish(goes[s.Rule])
		out = append(out, *s)
	}
	slices.SortStableFunc(out, func(a, b RuleScore) int {
		return cmp.Or(cmp.Compare(boolInt(a.Small), boolInt(b.Small)), cmp.Compare(a.Low, b.Low),
			cmp.Compare(b.Cases, a.Cases), cmp.Compare(a.Rule, b.Rule))
	})
	return out
}

func (s *RuleScore) finish(goes map[hub.DepartmentCode]int) {
	s.Precision = float64(s.Right) / float64(s.Cases)
	s.Low, s.High = wilson(s.Right, s.Cases)
	s.Small = s.Cases < Few
	switch {
	case s.Small:
		s.Verdict = TooFew
	case s.Precision >= 0.80:
		s.Verdict = Keep
	case s.Precision < 0.10:
		s.Verdict = Retire
	default:
		s.Verdict = Tune
	}
	for to, n := range goes {
		s.Goes = append(s.Goes, Goes{to, n})
	}
	slices.SortFunc(s.Goes, func(a, b Goes) int {
		return cmp.Or(cmp.Compare(b.Cases, a.Cases), cmp.Compare(a.To, b.To))
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// wilson is the 95 % score interval of a share.
func wilson(right, n int) (low, high float64) {
	const z = 1.96
	f, m := float64(right)/float64(n), float64(n)
	mid, half := (f+z*z/(2*m))/(1+z*z/m), z*math.Sqrt(f*(1-f)/m+z*z/(4*m*m))/(1+z*z/m)
	return max(0, mid-half), min(1, mid+half)
}
