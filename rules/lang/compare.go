package lang

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/formula"
)

// test lifts a string field compared with a constant.
func (l *Lifter) test(f formula.Field, n *ast.BinaryNode) *formula.Form {
	if n.Operator == "in" {
		return l.oneOf(f, n)
	}
	if _, ok := n.Right.(*ast.NilNode); ok && (n.Operator == "==" || n.Operator == "!=") {
		if f == formula.Tag {
			return l.wrong(n, faultf("M03", "“标签”不能比较是否为空，写 标签 包含 \"…\""))
		}
		return l.equal(n.Right, f, "").Negate(n.Operator == "!=")
	}
	v, ok := n.Right.(*ast.StringNode)
	if !ok {
		return l.wrong(n.Right, faultf("M03", "字段“%s”只能和引号里的文字比较", f.Name()))
	}
	if f == formula.Tag && n.Operator != "contains" {
		return l.wrong(n, faultf("M03", "“标签”有多个值，写 标签 包含 %s", strconv.Quote(v.Value)))
	}
	switch n.Operator {
	case "==", "!=":
		return l.equal(v, f, v.Value).Negate(n.Operator == "!=")
	case "contains":
		if f == formula.Tag {
			return l.value(v, f, v.Value)
		}
		if f.IsText() {
			return l.keyword(v, f, v.Value)
		}
		return l.leaf(n, f.Name()+" contains "+strconv.Quote(v.Value))
	case "matches":
		return l.regex(v, f, v.Value)
	case "startsWith", "endsWith":
		g := l.leaf(n, f.Name()+" "+n.Operator+" "+strconv.Quote(v.Value))
		if f.IsText() && plain(v.Value) {
			return formula.AllOf(l.Atoms.Form(f, v.Value), g)
		}
		return g
	}
	return l.wrong(n, faultf("M05", "字段“%s”不能用“%s”", f.Name(), latinOr(n.Operator)))
}

func latinOr(op string) string {
	if zh, ok := latin()[op]; ok {
		return zh
	}
	return op
}

// oneOf lifts field in [constants].
func (l *Lifter) oneOf(f formula.Field, n *ast.BinaryNode) *formula.Form {
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok {
		return l.wrong(n.Right, faultf("M03", "“属于”后面要写【…】"))
	}
	if len(list.Nodes) == 0 {
		return l.wrong(n.Right, faultf("M03", "“属于”后面的【】里没有值"))
	}
	or := formula.AnyOf()
	for _, k := range list.Nodes {
		v, ok := k.(*ast.StringNode)
		if !ok {
			return l.wrong(k, faultf("M03", "字段“%s”只能和引号里的文字比较", f.Name()))
		}
		if f == formula.Tag {
			or.Kids = append(or.Kids, l.value(k, f, v.Value))
			continue
		}
		or.Kids = append(or.Kids, l.equal(k, f, v.Value))
	}
	return or
}

// equal lifts f == v.
func (l *Lifter) equal(n ast.Node, f formula.Field, v string) *formula.Form {
	if !f.IsText() {
		return l.value(n, f, v)
	}
	g := l.leaf(n, f.Name()+" == "+strconv.Quote(v))
	if plain(v) {
		return formula.AllOf(l.Atoms.Form(f, v), g)
	}
	return g
}

// value is the atom that field f has the value that an author calls v.
func (l *Lifter) value(n ast.Node, f formula.Field, v string) *formula.Form {
	l.Fields[f] = true
	c, ok := l.Code(f, v)
	if !ok && v != "" {
		t := faultf("M12", "“%s”不是%s的取值", v, f.Name())
		if c := Closest(v, slices.Collect(keysOf(l.codes(f)))); c != "" {
			t.Text += "，是不是“" + c + "”？"
			t.Instead = strconv.Quote(c)
		}
		return l.wrong(n, t)
	}
	return l.Atoms.Form(f, c)
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// codes are what authors may write for the codes of f, nil if anything.
func (l *Lifter) codes(f formula.Field) map[string]string {
	switch f {
	case formula.Channel:
		return l.voc.Channels
	case formula.Lead:
		return l.voc.Leads
	case formula.Place:
		return l.voc.Places
	}
	return Values(f)
}

// Code is what is stored for the value that an author writes.
func (l *Lifter) Code(f formula.Field, v string) (string, bool) {
	table := l.codes(f)
	if table == nil {
		return v, true
	}
	if c, ok := table[v]; ok {
		return c, true
	}
	for _, c := range table {
		if c == v {
			return c, true
		}
	}
	open := f == formula.Topic || f == formula.Channel || f == formula.Place || f == formula.Lead && len(table) == 0
	return v, open
}

// Said is how authors write the value v of f, in Chinese if they can.
func (l *Lifter) Said(f formula.Field, v string) string {
	best := ""
	for zh, code := range l.codes(f) {
		if code == v && (best == "" || latinWord(best) && !latinWord(zh) || latinWord(best) == latinWord(zh) && zh < best) {
			best = zh
		}
	}
	if best == "" {
		return v
	}
	return best
}

func latinWord(s string) bool { return s != "" && s[0] < utf8.RuneSelf }

// compare lifts a comparison of numbers. A number that is not known makes it
// false, negated or not.
func (l *Lifter) compare(n *ast.BinaryNode, neg bool) *formula.Form {
	if s, ok := n.Right.(*ast.StringNode); ok {
		t, err := time.ParseInLocation("2006-01-02 15:04", (s.Value + " 00:00")[:min(16, len(s.Value)+6)], hub.China())
		if id, is := n.Left.(*ast.IdentifierNode); !is || id.Value != "时间" || err != nil {
			return l.wrong(n.Right, faultf("M03", "这里要写数字，不能写文字%q；时间写成 \"2026-12-01\"", s.Value))
		}
		at := &ast.IntegerNode{Value: int(t.Unix() / 60)}
		at.SetLocation(s.Location())
		n.Right = at
	}
	left, ok := l.arithmetic(n.Left)
	if !ok {
		return &formula.Form{Op: formula.False}
	}
	if _, isNil := n.Right.(*ast.NilNode); isNil {
		return l.leaf(n, "not ("+left+" >= 0 or "+left+" < 0)").Negate((n.Operator == "!=") != neg)
	}
	opposite := map[string]string{"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
	o := n.Operator
	if _, ok := opposite[o]; !ok {
		return l.refuse(n)
	}
	right, ok := l.arithmetic(n.Right)
	if !ok {
		return &formula.Form{Op: formula.False}
	}
	if neg {
		o = opposite[o]
	}
	if o == "!=" {
		return l.leaf(n, left+" < "+right+" or "+left+" > "+right)
	}
	return l.leaf(n, left+" "+o+" "+right)
}

// arithmetic writes numbers, number fields, counts, + - and *; it refuses all
// else.
func (l *Lifter) arithmetic(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return n.String(), true
	case *ast.IdentifierNode:
		if slices.Contains(formula.Numbers(), n.Value) {
			return n.Value, true
		}
		l.unknownName(n, "数字字段", n.Value, formula.Numbers())
		return "", false
	case *ast.UnaryNode:
		if n.Operator == "-" {
			s, ok := l.arithmetic(n.Node)
			return "(-" + s + ")", ok
		}
	case *ast.BinaryNode:
		if n.Operator == "+" || n.Operator == "-" || n.Operator == "*" {
			a, ok := l.arithmetic(n.Left)
			b, also := l.arithmetic(n.Right)
			return "(" + a + " " + n.Operator + " " + b + ")", ok && also
		}
	case *ast.CallNode:
		if id, ok := n.Callee.(*ast.IdentifierNode); ok && id.Value == "同类近期" {
			return l.recent(n)
		}
	case *ast.StringNode:
		l.wrong(n, faultf("M03", "这里要写数字，不能写文字%q", n.Value))
		return "", false
	}
	l.refuse(n)
	return "", false
}

// recent writes 同类近期(话题, 地点, 时长).
func (l *Lifter) recent(n *ast.CallNode) (string, bool) {
	var args [3]string
	for i := range args {
		if i < len(n.Arguments) {
			if s, ok := n.Arguments[i].(*ast.StringNode); ok {
				args[i] = s.Value
			}
		}
	}
	topic, _ := l.Code(formula.Topic, args[0])
	_, reach := Reaches()[args[1]]
	minutes, ok := minutesOf(args[2])
	if len(n.Arguments) != 3 || topic == "" || !reach || !ok {
		l.wrong(n, faultf("M03", `写成 同类近期("供暖", "社区", "24小时")：话题、范围（全市、区县、乡镇、社区）、时长（分钟、小时、天）`))
		return "", false
	}
	return "同类近期(" + strconv.Quote(topic) + ", " + strconv.Quote(args[1]) + ", " + strconv.Itoa(minutes) + ")", true
}

func minutesOf(v string) (int, bool) {
	for unit, minutes := range map[string]int{"分钟": 1, "小时": 60, "天": 1440, "日": 1440} {
		if n, ok := strings.CutSuffix(v, unit); ok {
			k, err := strconv.Atoi(strings.TrimSpace(n))
			return k * minutes, err == nil && k > 0 && k*minutes <= 366*1440
		}
	}
	return 0, false
}

func (l *Lifter) leaf(n ast.Node, src string) *formula.Form {
	p, err := formula.Compile(src)
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return l.wrong(n, faultf("M03", "类型不对：%s", line))
	}
	return &formula.Form{Op: formula.Leaf, Source: src, Program: p}
}
