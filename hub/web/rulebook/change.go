package rulebook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/release"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

// A Change (规则差异) is what differs between two sets, rule by rule.
type Change struct {
	Added, Removed []Rule
	Changed        []Pair
}

// Empty reports whether the two say the same.
func (c *Change) Empty() bool { return len(c.Added)+len(c.Removed)+len(c.Changed) == 0 }

// A Pair is one rule in two versions and the parts in which they differ.
type Pair struct {
	Before, After Rule
	Parts         []string
}

// Compare finds the rules that were added, removed or changed. Where a rule
// stands in its file, and its examples, change nothing that it decides.
func Compare(before, after *Set) *Change {
	c := &Change{}
	old := map[hub.RuleID]Rule{}
	for _, r := range before.Rules {
		old[r.ID] = r
	}
	for _, r := range after.Rules {
		was, ok := old[r.ID]
		delete(old, r.ID)
		if !ok {
			c.Added = append(c.Added, r)
			continue
		}
		if parts := differing(was, r); len(parts) > 0 {
			c.Changed = append(c.Changed, Pair{was, r, parts})
		}
	}
	for _, r := range before.Rules {
		if _, gone := old[r.ID]; gone {
			c.Removed = append(c.Removed, r)
		}
	}
	return c
}

// differing names the parts in which two versions of a rule differ.
func differing(a, b Rule) []string {
	var parts []string
	note := func(differs bool, part string) {
		if differs {
			parts = append(parts, part)
		}
	}
	note(a.Name != b.Name, "名称")
	note(a.When != b.When, "当")
	note(a.Unless != b.Unless, "除非")
	note(a.Priority != b.Priority, "优先")
	note(a.Lead != b.Lead || !slices.Equal(a.Co, b.Co) || !slices.Equal(a.Alert, b.Alert), "派给谁")
	note(!reflect.DeepEqual(a.Class, b.Class), "分类")
	note(!slices.Equal(a.Clocks, b.Clocks), "时限")
	note(!slices.Equal(a.Words, b.Words), "关键词")
	note(!reflect.DeepEqual(a.Reject, b.Reject) || !reflect.DeepEqual(a.Answer, b.Answer) || a.StartRung != b.StartRung, "处置")
	note(!a.From.Equal(b.From) || !a.To.Equal(b.To), "起止")
	return parts
}

// An Effect (影响) is what a set would change over history: the part of the
// engine's report that people look at first.
type Effect struct {
	Cases          int            `json:"cases"`
	Changed        int            `json:"changed"`
	Rerouted       int            `json:"rerouted"`
	NewlyDecided   int            `json:"newly_decided"`
	NewlyUndecided int            `json:"newly_undecided"`
	Shorter        int            `json:"deadlines_shorter"`
	Longer         int            `json:"deadlines_longer"`
	Matrix         []release.Move `json:"matrix"`
	Load           []struct {
		Department    string `json:"department"`
		Before, After int
		Change        int `json:"change"`
	} `json:"load"`
	Samples []struct {
		ID      string   `json:"id"`
		Title   string   `json:"title"`
		Changes []string `json:"changes"`
		After   struct {
			Why string `json:"why"`
		} `json:"after"`
	} `json:"samples"`
}

func readEffect(data json.RawMessage) (*Effect, error) {
	e := &Effect{}
	if err := json.Unmarshal(data, e); err != nil {
		return nil, fmt.Errorf("read the comparison over history: %w", err)
	}
	e.Matrix, e.Samples = e.Matrix[:min(len(e.Matrix), 20)], e.Samples[:min(len(e.Samples), 20)]
	return e, nil
}

// A comparison is the data of the page that compares two sets.
type comparison struct {
	From, To string
	Releases []release.Release
	Change   *Change
	Effect   *Effect
	Problem  string
}

// diff compares any two released sets; over history only when asked, because
// that takes seconds.
func (b *book) diff(r *http.Request) (frame.View, error) {
	log, err := b.Releases.Log(r.Context(), b.Library)
	if err != nil {
		return frame.View{}, err
	}
	q := r.URL.Query()
	d := comparison{From: strings.TrimSpace(q.Get("from")), To: strings.TrimSpace(q.Get("to")), Releases: log.Releases}
	v := frame.View{Name: "diff", Title: "对比两个规则集", Nav: "/rules"}
	if d.From != "" && d.To != "" {
		if d.Change, err = b.change(r, d.From, d.To); err == nil && q.Get("history") == "1" {
			d.Effect, err = b.effect(r, d.From, d.To)
		}
		if err != nil {
			d.Problem = v.Refuse(err)
		}
	}
	v.Data = d
	return v, nil
}

func (b *book) change(r *http.Request, from, to string) (*Change, error) {
	before, err := b.named(r, from)
	if err != nil {
		return nil, err
	}
	after, err := b.named(r, to)
	if err != nil {
		return nil, err
	}
	return Compare(before, after), nil
}

func (b *book) effect(r *http.Request, from, to string) (*Effect, error) {
	report, err := b.Releases.Diff(r.Context(), &release.Question{Versions: []release.Version{{Ref: from}, {Ref: to}}, Since: "30d"})
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(report)
	if err != nil {
		return nil, fmt.Errorf("encode the comparison over history: %w", err)
	}
	return readEffect(data)
}
