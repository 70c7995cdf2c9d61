package simulate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// A Sample (样例) is a case to look at, with what each rule set says of it.
type Sample struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Text    string    `json:"text"`
	Changes []string  `json:"changes,omitempty"` // in words
	Before  *Judgment `json:"before,omitempty"`
	After   Judgment  `json:"after"`
}

// A Judgment (判定说明) is a decision and why it was so.
type Judgment struct {
	To         string               `json:"to"` // a department, or where else it goes
	Rule       hub.RuleID           `json:"rule,omitempty"`
	Words      []string             `json:"words,omitempty"` // that made the rule match
	Matched    []hub.RuleID         `json:"matched,omitempty"`
	Candidates []hub.DepartmentCode `json:"candidates,omitempty"`
	Why        string               `json:"why"` // one sentence
}

// longest text of a sample, in runes.
const sampleText = 120

func (o Options) sample(c *Case) Sample {
	s := Sample{ID: string(c.Case), Title: o.Mask(c.Title), Text: o.Mask(c.Text)}
	if s.ID == "" {
		s.ID = c.ExternalID
	}
	if r := []rune(s.Text); len(r) > sampleText {
		s.Text = string(r[:sampleText]) + "…"
	}
	return s
}

// Judge puts d into words.
func Judge(d *hub.Decision) Judgment {
	j := Judgment{To: d.Destination(), Rule: d.Rule, Candidates: d.Candidates}
	for _, m := range d.Matches {
		j.Matched = append(j.Matched, m.Rule)
		if m.Rule != d.Rule {
			continue
		}
		for _, h := range m.Hits {
			if !slices.Contains(j.Words, h.Word) {
				j.Words = append(j.Words, h.Word)
			}
		}
	}
	j.Why = why(d, &j)
	return j
}

func why(d *hub.Decision, j *Judgment) string {
	words := ""
	if len(j.Words) > 0 {
		words = "，因为文中有“" + strings.Join(j.Words, "”“") + "”"
	}
	switch {
	case j.To == hub.ToRejected:
		return "驳回：" + d.Reject.Reason
	case j.To == hub.ToAnswered:
		return "当即答复" + words
	case j.To != hub.ToSorting:
		return fmt.Sprintf("规则 %s 派给%s%s", d.Rule, Name(j.To), words)
	case conflict(d):
		return "几条规则派给不同部门，一样优先，转分拨岗：" + names(d.Candidates)
	case len(d.Candidates) > 0:
		return "没有规则有把握，转分拨岗，可能是：" + names(d.Candidates)
	}
	return "没有规则命中，转分拨岗"
}

// Name is the Chinese of a destination.
func Name(to string) string {
	switch to {
	case hub.ToSorting:
		return "分拨岗"
	case hub.ToRejected:
		return "驳回"
	case hub.ToAnswered:
		return "当即答复"
	}
	return glossary.In("department", to)
}

func names(list []hub.DepartmentCode) string {
	out := make([]string, len(list))
	for i, d := range list {
		out[i] = Name(string(d))
	}
	return strings.Join(out, "、")
}

// Budget is the Chinese of a time allowed; "" is 不设.
func Budget(text string) string {
	b, err := hub.ParseBudget(text)
	if err != nil {
		return "不设"
	}
	if b.N == 0 && b.Unit == hub.WorkingDay {
		return "当日"
	}
	unit := map[hub.Unit]string{hub.Minute: "分钟", hub.Hour: "小时", hub.Day: "日", hub.WorkingDay: "个工作日"}
	return fmt.Sprint(b.N, unit[b.Unit])
}
