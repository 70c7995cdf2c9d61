// Package assess measures (考核) how cases are handled, by department, place,
// channel and category: rates with the cases behind them, the red and black
// list (红黑榜), reports as workbook and PDF, and exports.
//
// What is measured are formulas of the city, see Formulas; a case counts in
// the period in which it was opened. Small numbers are marked and never
// blacklisted. It reads facts through a Store and changes nothing. Start with
// [Evaluate].
package assess

import (
	"cmp"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Fact (考核事实) is what counts of one case. The expr names are those of the
// formulas.
type Fact struct {
	Case       hub.CaseID         `expr:"-"`
	Department hub.DepartmentCode `expr:"-"`
	Place      hub.PlaceCode      `expr:"-"`
	Category   string             `expr:"category"`
	Topic      string             `expr:"topic"`
	Channel    string             `expr:"channel"`
	Kind       string             `expr:"kind"`
	Urgency    string             `expr:"urgency"`
	OpenedAt   time.Time          `expr:"-"`
	ClosedAt   time.Time          `expr:"-"`

	Accepted      bool    `expr:"accepted"`
	Closed        bool    `expr:"closed"`
	OnTime        bool    `expr:"on_time"`
	Answered      bool    `expr:"answered"`
	Rejected      bool    `expr:"rejected"`
	ContactDue    bool    `expr:"contact_due"`
	ContactInTime bool    `expr:"contact_in_time"`
	Rated         bool    `expr:"rated"`
	Stars         int     `expr:"stars"`
	Visited       bool    `expr:"visited"`
	Solved        bool    `expr:"solved"`
	Satisfied     bool    `expr:"satisfied"`
	SentBack      int     `expr:"sent_back"`
	Reopened      int     `expr:"reopened"`
	Extended      int     `expr:"extended"`
	Supervised    int     `expr:"supervised"`
	Rung          int     `expr:"rung"`
	Repeat        bool    `expr:"repeat"`
	Hours         float64 `expr:"hours"`

	// Who is a pseudonym of the citizen, to find repeats; "" is unknown.
	Who string `expr:"-"`
	// Spared lists the measures in which an appeal took the case out.
	Spared []string `expr:"-"`
}

// A Dimension (维度) is what a table is broken down by.
type Dimension string

// The dimensions.
const (
	ByDepartment Dimension = "department"
	ByTownship   Dimension = "township"
	ByCounty     Dimension = "county"
	ByChannel    Dimension = "channel"
	ByCategory   Dimension = "category"
	ByAll        Dimension = "all"
)

// Dimensions lists all dimensions.
func Dimensions() []Dimension {
	return []Dimension{ByAll, ByDepartment, ByCounty, ByTownship, ByChannel, ByCategory}
}

// Value returns where f belongs in dimension d; "" is nowhere.
func (f Fact) Value(d Dimension) string {
	switch d {
	case ByDepartment:
		return string(f.Department)
	case ByTownship:
		return string(f.Place.Township())
	case ByCounty:
		return string(f.Place.County())
	case ByChannel:
		return f.Channel
	case ByCategory:
		return f.Category
	case ByAll:
		return "all"
	}
	return ""
}

// In reports whether a scope has the case by its lead department and place.
func (f Fact) In(s hub.Scope) bool {
	return slices.ContainsFunc(s, func(g hub.Grant) bool {
		return (g.Department == "" || g.Department == f.Department) && (g.Place == "" || f.Place.Within(g.Place))
	})
}

// A Rate (比率) is a measure's numerator and denominator.
type Rate struct {
	Numerator   int     `json:"numerator"`
	Denominator int     `json:"denominator"`
	Value       float64 `json:"value"` // 0 without a denominator
	Small       bool    `json:"small,omitempty"`
}

// A Row (考核行) is the measures of one department, place, channel or category.
type Row struct {
	Value string          `json:"value"`
	Cases int             `json:"cases"`
	Rates map[string]Rate `json:"rates"`
	Score float64         `json:"score"`
	Rank  int             `json:"rank"`
	List  string          `json:"list,omitempty"` // red, black
	Small bool            `json:"small,omitempty"`
}

// A Table (考核表) is the measures of a period, broken down.
type Table struct {
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"`
	By        Dimension `json:"by"`
	Version   string    `json:"version"` // of the formulas
	Hash      string    `json:"hash"`
	Measures  []Measure `json:"measures"`
	Rows      []Row     `json:"rows"`
	Generated time.Time `json:"generated"`
	// Issue is set of a report that was issued.
	Issue *Issue `json:"issue,omitempty"`
}

// window is how long a matter counts as the same.
const window = 30 * 24 * time.Hour

// MarkRepeats marks cases whose citizen raised the same matter within 30 days
// before. Facts come in the order of opening.
func MarkRepeats(facts []Fact) {
	type matter struct{ who, category, topic string }
	last := map[matter]time.Time{}
	for i := range facts {
		f := &facts[i]
		if f.Who == "" {
			continue
		}
		m := matter{f.Who, f.Category, f.Topic}
		before, seen := last[m]
		f.Repeat = seen && f.OpenedAt.Sub(before) <= window
		last[m] = f.OpenedAt
	}
}

// Evaluate computes the table of facts by a dimension: rows by score, best
// first, with the red and black list.
func (f *Formulas) Evaluate(facts []Fact, by Dimension) (Table, error) {
	t := Table{By: by, Version: f.Version, Hash: f.Hash, Measures: f.Measures, Rows: []Row{}}
	at := map[string]int{}
	for i := range facts {
		value := facts[i].Value(by)
		if value == "" {
			continue
		}
		n, ok := at[value]
		if !ok {
			n = len(t.Rows)
			at[value] = n
			t.Rows = append(t.Rows, Row{Value: value, Rates: map[string]Rate{}})
		}
		if err := f.count(&t.Rows[n], &facts[i]); err != nil {
			return t, err
		}
	}
	for i := range t.Rows {
		if err := f.finish(&t.Rows[i]); err != nil {
			return t, err
		}
	}
	f.rank(t.Rows)
	return t, nil
}

func (f *Formulas) count(row *Row, fact *Fact) error {
	row.Cases++
	for i := range f.Measures {
		in, counts, err := f.Measures[i].judge(fact)
		if err != nil {
			return err
		}
		r := row.Rates[f.Measures[i].Code]
		if in {
			r.Denominator++
		}
		if counts {
			r.Numerator++
		}
		row.Rates[f.Measures[i].Code] = r
	}
	return nil
}

// finish computes the ratios and the score of a row.
func (f *Formulas) finish(row *Row) error {
	env := map[string]any{}
	for _, m := range f.Measures {
		r := row.Rates[m.Code]
		share := 1.0
		if m.Better == "low" {
			share = 0
		}
		if r.Denominator > 0 {
			r.Value = float64(r.Numerator) / float64(r.Denominator)
			share = r.Value
		}
		r.Small = r.Denominator < f.Small
		row.Rates[m.Code] = r
		env[m.Code] = share
	}
	row.Small = row.Cases < f.Small
	var err error
	row.Score, err = f.scored(env)
	return err
}

// rank sorts rows by score and fills the red and black list: only rows with
// enough cases are on a list, and none that passes on the black one.
func (f *Formulas) rank(rows []Row) {
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Cases, a.Cases), cmp.Compare(a.Value, b.Value))
	})
	var listed []*Row
	for i := range rows {
		rows[i].Rank = i + 1
		if !rows[i].Small {
			listed = append(listed, &rows[i])
		}
	}
	red := min(f.Red, len(listed)/2)
	for i, row := range listed {
		switch {
		case i < red && row.Score >= f.Pass:
			row.List = "red"
		case i >= len(listed)-min(f.Black, len(listed)/2) && row.Score < f.Pass:
			row.List = "black"
		}
	}
}

// Behind returns the facts behind a number: those of the row value in the
// dimension that count in the denominator of a measure, or in its numerator.
func (f *Formulas) Behind(facts []Fact, by Dimension, value, measure string, numerator bool) ([]Fact, error) {
	i := slices.IndexFunc(f.Measures, func(m Measure) bool { return m.Code == measure })
	if i < 0 {
		return nil, hub.Errorf(hub.CodeInvalid, "assess.measure", measure)
	}
	out := []Fact{}
	for k := range facts {
		if facts[k].Value(by) != value {
			continue
		}
		in, counts, err := f.Measures[i].judge(&facts[k])
		if err != nil {
			return nil, err
		}
		if numerator && counts || !numerator && in {
			out = append(out, facts[k])
		}
	}
	return out, nil
}
