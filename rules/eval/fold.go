package eval

import (
	"fmt"
	"io/fs"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/learn"
)

// A Folded (交叉验证) is how well categories are found in messages whose fold
// took no part in learning the weights.
type Folded struct {
	Folds       int     `json:"folds"`
	Words       int     `json:"words"` // in the table
	Labelled    int     `json:"labelled"`
	Right       int     `json:"right"`
	Accuracy    float64 `json:"accuracy"`
	AsWritten   float64 `json:"as_written"` // the same cases with the weights of the file
	StrictRight int     `json:"strict_right"`
	// Strict counts only words that another fold contains too: a bound from
	// below, as it also takes away words that any author would know.
	Strict float64 `json:"strict"`
}

// Folds measures the categories of labelled cases by k-fold cross-validation:
// case i is in fold i mod k, and the word weights that judge a fold are learnt
// on the other folds only. The rules stay as they are.
func Folds(fsys fs.FS, known []hub.DepartmentCode, labels []Label, k int) (*Folded, error) {
	table, err := learn.ReadTable(fsys, "类别")
	if err != nil {
		return nil, err
	}
	set, err := rules.Load(fsys, known)
	if err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	var with []Label
	for _, l := range labels {
		if l.Case != nil && l.Category != "" {
			with = append(with, l)
		}
	}
	if k < 2 || len(with) < k {
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "rules.folds", Args: []any{k, len(with)}}
	}
	f := &Folded{Folds: k, Words: table.Words(), Labelled: len(with)}
	f.AsWritten = share(right(set, with), len(with))
	for n := range k {
		rest, held := fold(with, n, k)
		for _, strict := range []bool{false, true} {
			r, err := refit(fsys, known, table, rest, held, strict)
			if err != nil {
				return nil, fmt.Errorf("fold %d: %w", n, err)
			}
			if strict {
				f.StrictRight += r
			} else {
				f.Right += r
			}
		}
	}
	f.Accuracy, f.Strict = share(f.Right, f.Labelled), share(f.StrictRight, f.Labelled)
	return f, nil
}

func fold(all []Label, n, k int) (rest, held []Label) {
	for i, l := range all {
		if i%k == n {
			held = append(held, l)
		} else {
			rest = append(rest, l)
		}
	}
	return rest, held
}

// refit learns on rest and counts what is right in held.
func refit(fsys fs.FS, known []hub.DepartmentCode, t *learn.Table, rest, held []Label, strict bool) (int, error) {
	cases, want := make([]*hub.Submission, len(rest)), make([]string, len(rest))
	for i, l := range rest {
		cases[i], want[i] = l.Case, l.Category
	}
	o := learn.Gently()
	o.Seen = strict
	over, err := t.Fit(cases, want, o).Overlay(fsys)
	if err != nil {
		return 0, err
	}
	set, err := rules.Load(over, known)
	if err != nil {
		return 0, fmt.Errorf("load rules with new weights: %w", err)
	}
	return right(set, held), nil
}

func right(set Decider, labels []Label) int {
	n := 0
	for _, l := range labels {
		if set.Decide(l.Case).Class.Category == l.Category {
			n++
		}
	}
	return n
}
