package tell

import (
	"fmt"
	"io"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/formula"
)

// Explanation writes why e was decided so: the outcome, every condition of the
// winner, what else matched and what nearly did.
func Explanation(w io.Writer, set *rules.Set, e *rules.Explanation) {
	out := &writer{w: w, set: set}
	out.outcome(&e.Decision)
	var others []*rules.Trace
	for i := range e.Matched {
		t := &e.Matched[i]
		if t.Rule != e.Decision.Rule && t.Verdict != rules.Conflict {
			others = append(others, t)
			continue
		}
		out.line("%s %s（%s，优先 %d）", title(t), t.Name, verdict(t.Verdict), t.Priority)
		out.clauses(t.Clauses, "  ")
	}
	for i, t := range others {
		if i == 0 {
			out.line("也命中：")
		}
		out.line("  %s %s（%s阶段，优先 %d，%s）%s", t.Rule, t.Name, stage(t.Stage), t.Priority, verdict(t.Verdict), out.to(t.Department))
	}
	for i := range e.Near {
		if i == 0 {
			out.line("差一点：")
		}
		t := &e.Near[i]
		if c := t.Failed(); c != nil {
			out.line("  %s %s：%s", t.Rule, t.Name, need(c))
		}
	}
}

type writer struct {
	w   io.Writer
	set *rules.Set
}

func (o *writer) line(format string, args ...any) {
	_, _ = fmt.Fprintln(o.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

func (o *writer) dept(d hub.DepartmentCode) string { return o.set.Said(formula.Lead, string(d)) }

func (o *writer) depts(list []hub.DepartmentCode) string {
	names := make([]string, len(list))
	for i, d := range list {
		names[i] = o.dept(d)
	}
	return strings.Join(names, "、")
}

func (o *writer) to(d hub.DepartmentCode) string {
	if d == "" {
		return ""
	}
	return "→ " + o.dept(d)
}

func (o *writer) outcome(d *hub.Decision) {
	switch {
	case d.Reject != nil:
		o.line("驳回：%s。建议：%s", d.Reject.Reason, d.Reject.Suggestion)
	case d.Answer != nil:
		o.line("当即答复：%s", d.Answer.Text)
	case d.Lead == "":
		o.line("转分拨岗，候选：%s", orNone(o.depts(d.Candidates)))
	default:
		o.line("主办 %s，规则 %s，把握 %.0f%%", o.dept(d.Lead), d.Rule, 100*d.Confidence)
	}
	if len(d.Co) > 0 {
		o.line("协办 %s", o.depts(d.Co))
	}
	if len(d.Alert) > 0 {
		o.line("推送 %s", o.depts(d.Alert))
	}
	c := d.Class
	o.line("类别 %s，类型 %s，%s，主题 %s，难度 %s %s", orNone(c.Category), o.set.Said(formula.Kind, string(c.Kind)),
		o.set.Said(formula.Urgency, string(c.Urgency)), orNone(o.set.Said(formula.Topic, c.Topic)),
		orNone(o.set.Said(formula.Grade, string(c.Grade))), strings.Join(c.Tags, " "))
	o.line("规则集 %.12s", d.RuleSet)
}

func orNone(s string) string {
	if s == "" {
		return "无"
	}
	return s
}

func (o *writer) clauses(list []rules.Clause, indent string) {
	for _, c := range list {
		mark := "✔"
		if !c.Holds {
			mark = "✘"
		}
		text := c.Text
		if c.Unless {
			text = "除非 " + text
		}
		if len(c.Kids) > 0 {
			o.line("%s%s %s", indent, mark, text)
			o.clauses(c.Kids, indent+"    ")
			continue
		}
		o.line("%s%s %s   %s", indent, mark, text, c.Seen)
	}
}

func title(t *rules.Trace) string { return "规则 " + string(t.Rule) }

func need(c *rules.Clause) string {
	if c.Unless {
		return "✘ 除非 " + c.Text + "，实际 " + c.Seen
	}
	return "✘ 需要 " + c.Text + "，实际 " + c.Seen
}

func verdict(v string) string {
	return map[string]string{
		rules.Taken: "采用", rules.Outdone: "未采用，别的规则在先", rules.Conflict: "冲突：同一优先有不同的主办", rules.Missed: "未命中",
	}[v]
}

func stage(code string) string {
	codes := []string{"screen", "classify", "route", "answer", "deadline", "alert"}
	for i, c := range codes {
		if c == code {
			return rules.Stages()[i]
		}
	}
	return code
}
