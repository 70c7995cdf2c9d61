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
	// Insisted says that Lead sent the case back in vain: the desk gave it there
	// again.
	Insisted bool `json:"insisted,omitempty"`
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
		if e.Data.Lead == f.list[i].Lead && f.list[i].SentBack {
			f.list[i].SentBack, f.list[i].Insisted = false, true
		}
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
	Rule     hub.RuleID `json:"rule"`
	Cases    int        `json:"cases"` // that the rule decided
	SentBack int        `json:"sent_back"`
	Rerouted int        `json:"rerouted"`
	Feedback
	Right int `json:"right"`
	Share
	Score   float64   `json:"score"` // 0 to 100: right cases count 1, those that were only too thin ½
	Verdict Verdict   `json:"verdict"`
	Goes    []Goes    `json:"goes,omitempty"`    // where the others went, most first
	Small   bool      `json:"small"`             // fewer than Few cases
	Against []Against `json:"against,omitempty"` // the cases behind the numbers
}

// A Share (占比) is the part of a rule's cases that were right, 0 to 1; Low and
// High bound the true one with 95 % confidence (Wilson).
type Share struct {
	Precision float64 `json:"precision"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
}

// A Goes (改派去向) counts cases that ended with another department.
type Goes struct {
	To    hub.DepartmentCode `json:"to"`
	Cases int                `json:"cases"`
}

// Score returns a score for every rule of outcomes, the worst first; rules
// with few cases come last, as nothing can be said of them yet. Remarks on
// other cases than those of outcomes are left out.
func Score(outcomes []Outcome, remarks []Remark) []RuleScore {
	said := map[hub.CaseID][]Remark{}
	for _, r := range remarks {
		said[r.Case] = append(said[r.Case], r)
	}
	at := map[hub.RuleID]*RuleScore{}
	var order []*RuleScore
	for _, o := range outcomes {
		s := at[o.Rule]
		if s == nil {
			s = &RuleScore{Rule: o.Rule}
			at[o.Rule] = s
			order = append(order, s)
		}
		s.add(o, said[o.Case])
	}
	out := make([]RuleScore, 0, len(order))
	for _, s := range order {
		s.finish()
		out = append(out, *s)
	}
	worstFirst(out)
	return out
}

func worstFirst(list []RuleScore) {
	slices.SortStableFunc(list, func(a, b RuleScore) int {
		return cmp.Or(cmp.Compare(boolInt(a.Small), boolInt(b.Small)), cmp.Compare(a.Score, b.Score),
			cmp.Compare(a.Low, b.Low), cmp.Compare(b.Cases, a.Cases), cmp.Compare(a.Rule, b.Rule))
	})
}

// add counts one case and what was said of it.
func (s *RuleScore) add(o Outcome, said []Remark) {
	s.Cases++
	right := o.right()
	if o.SentBack {
		s.SentBack++
		s.against(o, BySendingBack, o.Lead)
	}
	if o.Final != "" && o.Final != o.Lead {
		s.Rerouted++
		s.against(o, ByRerouting, o.Final)
		s.goes(o.Final)
	}
	thin := false
	for _, r := range said {
		if r.Rule != o.Rule || r.Department != o.Lead || r.Kind == NotOurs && o.Insisted || !s.count(r.Kind) {
			continue
		}
		s.against(o, r.Kind, r.Department)
		if thin = thin || r.Kind == TooThin; r.Kind != TooThin {
			right = false
		}
	}
	if right {
		s.Right++
	}
	if right && thin {
		s.ThinOnly++
	}
}

func (s *RuleScore) against(o Outcome, why Why, d hub.DepartmentCode) {
	s.Against = append(s.Against, Against{o.Case, why, d})
}

func (s *RuleScore) goes(to hub.DepartmentCode) {
	if i := slices.IndexFunc(s.Goes, func(g Goes) bool { return g.To == to }); i >= 0 {
		s.Goes[i].Cases++
		return
	}
	s.Goes = append(s.Goes, Goes{to, 1})
}

// finish works out what follows from the counts.
func (s *RuleScore) finish() {
	s.Precision = float64(s.Right) / float64(s.Cases)
	s.Low, s.High = wilson(s.Right, s.Cases)
	s.Score = 100 * (float64(s.Right) - float64(s.ThinOnly)/2) / float64(s.Cases)
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
