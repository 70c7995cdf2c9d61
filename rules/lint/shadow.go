package lint

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
	"github.com/mashang-hub/mashang/rules/formula"
	"github.com/mashang-hub/mashang/rules/index"
)

// prover proves things of all conditions of a set.
type prover struct {
	x     *index.Index
	atoms []formula.Atom
	terms [][]conjunction // of each rule; nil if it is too large to judge
	seen  []int           // rule to the question for which it was last a candidate
	asked int
}

// proofs finds rules that never or always hold, that others make useless, or
// that say the opposite of others.
func (c *checker) proofs() {
	conditions := c.set.Conditions()
	p := &prover{x: c.set.Index(), terms: make([][]conjunction, len(conditions)), seen: make([]int, len(conditions))}
	p.atoms = p.x.Atoms()
	for i, k := range conditions {
		r := &c.rules[i]
		t, ok := terms(k.Form, false)
		if !ok {
			continue
		}
		p.terms[i] = slices.DeleteFunc(t, func(c conjunction) bool { return c.absurd(p.atoms) })
		switch {
		case len(p.terms[i]) == 0:
			p.terms[i] = nil
			c.report(r, Error, "M07", r.When, "条件永远不会成立")
		case p.always(k.Form):
			c.report(r, Warning, "M08", r.When, "条件总是成立")
		}
		if k.Unless != nil && p.terms[i] != nil && p.idle(k) {
			c.report(r, Warning, "M39", r.Unless, "“除非”不起作用：“当”成立时它从不成立")
		}
	}
	for i := range c.rules {
		if len(p.terms[i]) > 0 {
			c.shadow(p, i)
		}
	}
}

func (p *prover) always(f *formula.Form) bool {
	t, ok := terms(f, true)
	return ok && !slices.ContainsFunc(t, func(c conjunction) bool { return !c.absurd(p.atoms) })
}

// idle reports whether 除非 can never hold together with 当.
func (p *prover) idle(k rules.Condition) bool {
	t, ok := terms(formula.AllOf(k.When, k.Unless), false)
	return ok && !slices.ContainsFunc(t, func(c conjunction) bool { return !c.absurd(p.atoms) })
}

// candidates calls f for each rule that may hold whenever c does.
func (p *prover) candidates(c conjunction, f func(int)) {
	p.asked++
	visit := func(list []int32) {
		for _, r := range list {
			if p.seen[r] != p.asked {
				p.seen[r] = p.asked
				f(int(r))
			}
		}
	}
	raise := func(a int32) {
		if a >= 0 {
			visit(p.x.Woken(a))
		}
	}
	for _, l := range c {
		if l.neg || l.op == formula.Leaf {
			continue
		}
		p.implied(l.atom, raise)
		if l.op == formula.Close {
			p.implied(l.other, raise)
		}
	}
	visit(p.x.AskedAlways())
}

// implied calls f for the atoms that are true whenever atom id is.
func (p *prover) implied(id int32, f func(int32)) {
	k := &p.atoms[id]
	if k.Field.IsText() {
		p.x.Inside(k.Value, func(w int32) {
			of := p.x.AtomsOf(w)
			f(of[k.Field])
			f(of[formula.All])
		})
		return
	}
	f(id)
	if k.Field == formula.Area || k.Field == formula.Place {
		for n := 2; n <= len(k.Value); n++ {
			if a, ok := p.x.Value(formula.Area, k.Value[:n]); ok {
				f(a)
			}
		}
	}
}

// shadow looks for rules that hold whenever rule i does.
func (c *checker) shadow(p *prover, i int) {
	r := &c.rules[i]
	first := -1 // the first rule that outranks r and holds whenever it does
	p.candidates(p.terms[i][0], func(j int) {
		q := &c.rules[j]
		if !c.rival(p, i, j) || !p.implies(i, j) {
			return
		}
		if !outranks(q, r) || !covered(r, q) {
			c.same(p, i, j)
		} else if first < 0 || j < first {
			first = j
		}
	})
	if first < 0 {
		c.jointly(p, i)
		return
	}
	if q := &c.rules[first]; q.Lead == r.Lead && r.Lead != "" && p.implies(first, i) {
		c.report(r, Warning, "M38", r.When, "与 %s 的条件和主办都相同，可以合成一条", q.ID)
		return
	}
	c.unreachable(r, &c.rules[first])
}

// rival reports whether rule j may stand before rule i, and can be judged.
func (c *checker) rival(p *prover, i, j int) bool {
	return j != i && p.terms[j] != nil && precedes(&c.rules[j], &c.rules[i])
}

// jointly reports a rule of which every case is covered by some rule or other.
func (c *checker) jointly(p *prover, i int) {
	r, by := &c.rules[i], map[string]bool{}
	if len(p.terms[i]) < 2 || len(p.terms[i]) > 32 {
		return
	}
	for _, t := range p.terms[i] {
		found := -1
		p.candidates(t, func(j int) {
			q := &c.rules[j]
			if found < 0 && c.rival(p, i, j) && outranks(q, r) && covered(r, q) && t.implies(p.terms[j], p.atoms) {
				found = j
			}
		})
		if found < 0 {
			return
		}
		by[string(c.rules[found].ID)] = true
	}
	ids := strings.Join(slices.Sorted(maps.Keys(by)), "、")
	c.report(r, Warning, "M10", string(r.ID), "永远不被采用：%s 合起来在它成立时都成立，并且在先", ids)
}

func (c *checker) unreachable(r, by *rules.Rule) {
	if table, row, ok := strings.Cut(string(r.ID), "/"); ok && strings.HasPrefix(string(by.ID), table+"/") {
		c.report(r, Warning, "M13", "", "表格第 %s 行永远不被采用：%s 行已经包括了它", row, strings.TrimPrefix(string(by.ID), table+"/"))
		return
	}
	c.report(r, Warning, "M09", string(r.ID), "永远不被采用：它成立时 %s（优先 %d）也成立，并且在先", by.ID, by.Priority)
}

// implies reports whether rule j holds whenever rule i does.
func (p *prover) implies(i, j int) bool {
	for _, t := range p.terms[i] {
		if !t.implies(p.terms[j], p.atoms) {
			return false
		}
	}
	return true
}

// same reports rules of the same condition, once for each pair.
func (c *checker) same(p *prover, i, j int) {
	r, q := &c.rules[i], &c.rules[j]
	if t := tableOf(r.ID); t != "" && t == tableOf(q.ID) {
		return
	}
	if i < j || !p.implies(j, i) {
		if r.Priority == q.Priority && r.Lead != "" && q.Lead != "" && r.Lead != q.Lead && r.Stage == "route" {
			c.report(r, Warning, "M46", string(r.ID), "一定冲突：它成立时 %s 也成立，优先相同（%d），主办不同", q.ID, q.Priority)
		}
		return
	}
	if r.Lead != q.Lead && r.Priority == q.Priority && r.Stage == "route" {
		c.report(r, Error, "M11", r.When, "与 %s 条件相同、优先相同，主办却不同：一定转分拨岗", q.ID)
	}
}

// outranks reports whether q wins over r where both hold.
func outranks(q, r *rules.Rule) bool {
	if q.Priority != r.Priority {
		return q.Priority > r.Priority
	}
	table := tableOf(r.ID)
	return (q.Lead == r.Lead || r.Stage != "route" || table != "" && table == tableOf(q.ID)) &&
		cmp.Or(cmp.Compare(q.Specificity, r.Specificity), cmp.Compare(r.ID, q.ID)) > 0
}

// precedes reports whether q, where it holds, may stand before r: both are in
// force, and q is no row of another table, of which an earlier row may count.
func precedes(q, r *rules.Rule) bool {
	always := q.From.IsZero() && q.To.IsZero()
	return q.Stage == r.Stage && always && (tableOf(q.ID) == "" || tableOf(q.ID) == tableOf(r.ID))
}

// tableOf is the decision table of which id is a row, "" if it is none.
func tableOf(id hub.RuleID) string {
	table, _, row := strings.Cut(string(id), "/")
	if !row {
		return ""
	}
	return table
}

// covered reports whether r has no effect where q wins.
func covered(r, q *rules.Rule) bool {
	if r.Stage == "route" {
		return r.Lead != "" && q.Lead != ""
	}
	for _, t := range r.Class.Tags {
		if !slices.Contains(q.Class.Tags, t) {
			return false
		}
	}
	has := func(a, b string) bool { return a == "" || b != "" }
	k, l := &r.Class, &q.Class
	return has(k.Category, l.Category) && has(string(k.Kind), string(l.Kind)) && has(string(k.Urgency), string(l.Urgency)) &&
		has(k.Topic, l.Topic) && has(string(k.Grade), string(l.Grade)) && r.StartRung <= q.StartRung &&
		(r.Reject == nil || q.Reject != nil) && (r.Answer == nil || q.Answer != nil) && len(r.Alert) == 0 &&
		!slices.ContainsFunc(r.Clocks, func(a hub.Allowance) bool {
			return !slices.ContainsFunc(q.Clocks, func(b hub.Allowance) bool { return b.Kind == a.Kind })
		})
}
