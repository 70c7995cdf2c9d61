package lang

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"

	"github.com/mashang-hub/mashang/rules/formula"
)

// The caps of the sandbox.
const (
	MaxRunes = 2000 // of one condition
	MaxNodes = 200  // of its syntax tree
	MaxPairs = 2000 // of words that one 近 compares
	MaxWords = 5000 // that one condition names, lists written out
	maxRegex = 2000 // instructions of one regular expression

	maxNesting = 30 // brackets in brackets
)

// A Vocabulary is what conditions may name.
type Vocabulary struct {
	Lists    map[string][]string // 词库
	Places   map[string]string   // 辖区: name to division code
	Channels map[string]string   // name to code
	Leads    map[string]string   // name to department code
}

// A Lifter turns conditions into formulas over its atoms. It serves one
// goroutine.
type Lifter struct {
	Atoms *formula.Atoms
	// Fields and Lists are what the condition lifted last speaks of.
	Fields map[formula.Field]bool
	Lists  map[string]bool

	voc    Vocabulary
	dict   dictionary
	names  []string
	config *conf.Config
	text   *text
	faults []Fault
	words  int
}

// New returns a lifter for v.
func New(v Vocabulary) *Lifter {
	l := &Lifter{Atoms: formula.NewAtoms(), voc: v, config: conf.CreateNew()}
	l.config.MaxNodes = MaxNodes
	for f := formula.Title; f <= formula.Tag; f++ {
		l.names = append(l.names, f.Name())
	}
	for _, f := range Functions() {
		l.names = append(l.names, f.Name)
	}
	l.names = append(append(l.names, formula.Numbers()...), slices.Sorted(maps.Keys(v.Lists))...)
	l.dict = newDictionary(l.names)
	return l
}

// Lift reads src. With faults, the formula is nil.
func (l *Lifter) Lift(src string) (*formula.Form, []Fault) {
	l.Fields, l.Lists = map[formula.Field]bool{}, map[string]bool{}
	l.faults, l.words = nil, 0
	l.text = l.dict.read(src)
	n := l.parse()
	if n == nil {
		return nil, l.faults
	}
	f := l.lift(n, false)
	if len(l.faults) > 0 {
		return nil, l.faults
	}
	return f, nil
}

// parse checks what a parser would say badly, then parses.
func (l *Lifter) parse() ast.Node {
	if len(l.text.author) > MaxRunes {
		l.fault(0, len(l.text.author), faultf("M05", "条件太长：%d 字，最多 %d 字", len(l.text.author), MaxRunes))
		return nil
	}
	if !l.legible() || !l.paired() {
		return nil
	}
	tree, err := parser.ParseWithConfig(string(l.text.expr), l.config)
	if err == nil {
		return tree.Node
	}
	e, ok := errors.AsType[*file.Error](err)
	if !ok || strings.Contains(err.Error(), "exceeds maximum") {
		l.fault(0, len(l.text.author), faultf("M05", "条件太复杂：最多 %d 个节点，请拆成几条规则", MaxNodes))
		return nil
	}
	if strings.Contains(e.Message, "token EOF") {
		l.fault(len(l.text.author), len(l.text.author)+1, faultf("M01", "条件没有写完"))
		return nil
	}
	at := l.text.from[min(e.From, len(l.text.from)-1)]
	for _, t := range l.text.tokens {
		if t.from <= at && at < t.to {
			l.fault(t.from, t.to, faultf("M01", "看不懂这里的“%s”，前面可能少了“且”“或”或逗号", string(l.text.author[t.from:t.to])))
			return nil
		}
	}
	l.fault(len(l.text.author), len(l.text.author)+1, faultf("M01", "条件没有写完"))
	return nil
}

// legible refuses characters that deceive the eye.
func (l *Lifter) legible() bool {
	for i, r := range l.text.author {
		switch {
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r >= 0x200b && r <= 0x200f, r < ' ' && r != '\n' && r != '\t', r == 0xfffd:
			l.fault(i, i+1, faultf("M30", "有看不见的控制字符 U+%04X，请删去", r))
			return false
		}
	}
	return true
}

// paired reports unclosed quotes and brackets.
func (l *Lifter) paired() bool {
	type bracket struct {
		expr string
		at   int
	}
	var open []bracket
	closes := map[string]string{")": "(", "]": "["}
	for _, t := range l.text.tokens {
		switch {
		case t.kind == bad:
			l.fault(t.from, t.to, faultf("M01", "引号没有配对"))
			return false
		case t.kind == operator && (t.expr == "(" || t.expr == "["):
			if open = append(open, bracket{t.expr, t.from}); len(open) > maxNesting {
				l.fault(t.from, t.to, faultf("M05", "括号套得太深：最多 %d 层", maxNesting))
				return false
			}
		case t.kind == operator && closes[t.expr] != "":
			last := len(open) - 1
			if last < 0 || open[last].expr != closes[t.expr] {
				l.fault(t.from, t.to, faultf("M01", "多了一个“%s”，或括号不配对", t.canon))
				return false
			}
			open = open[:last]
		}
	}
	if len(open) > 0 {
		at := open[len(open)-1].at
		l.fault(at, at+1, faultf("M01", "括号没有配对：这个“%s”没有右边", string(l.text.author[at])))
		return false
	}
	return true
}

func (l *Lifter) fault(from, to int, f *Fault) *formula.Form {
	f.From, f.To = from, to
	l.faults = append(l.faults, *f)
	return &formula.Form{Op: formula.False}
}

// wrong reports f at n.
func (l *Lifter) wrong(n ast.Node, f *Fault) *formula.Form {
	from, to := l.text.span(n)
	return l.fault(from, to, f)
}

// unknownName reports a name that nobody knows, with the one that was meant.
func (l *Lifter) unknownName(n ast.Node, what, name string, among []string) *formula.Form {
	f := faultf("M02", "没有“%s”这个%s", name, what)
	if c := Closest(name, among); c != "" {
		f.Text += "，是不是“" + c + "”？"
		f.Instead = c
	}
	return l.wrong(n, f)
}

// lift turns n, negated if neg, into a formula.
func (l *Lifter) lift(n ast.Node, neg bool) *formula.Form {
	switch n := n.(type) {
	case *ast.BoolNode:
		if n.Value != neg {
			return &formula.Form{Op: formula.True}
		}
		return &formula.Form{Op: formula.False}
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return l.lift(n.Node, !neg)
		}
	case *ast.BinaryNode:
		return l.binary(n, neg)
	case *ast.IdentifierNode:
		if slices.Contains(formula.Flags(), n.Value) {
			return l.label(l.Atoms.Form(formula.Flag, n.Value), n, n.Value).Negate(neg)
		}
		if slices.Contains(l.names, n.Value) {
			return l.wrong(n, faultf("M03", "“%s”不能单独作条件，要写成 含任一(%s) 或与别的值比较", n.Value, n.Value))
		}
		return l.unknownName(n, "名字", n.Value, l.names)
	case *ast.CallNode:
		if name, ok := n.Callee.(*ast.IdentifierNode); ok {
			return l.call(n, name.Value).Negate(neg)
		}
	}
	return l.refuse(n)
}

// refuse says what of the syntax is not allowed.
func (l *Lifter) refuse(n ast.Node) *formula.Form {
	what := "这种写法"
	switch n := n.(type) {
	case *ast.BuiltinNode:
		what = "函数 " + n.Name
	case *ast.PredicateNode, *ast.PointerNode, *ast.VariableDeclaratorNode, *ast.SequenceNode:
		what = "循环和变量"
	case *ast.MapNode, *ast.PairNode:
		what = "字典"
	case *ast.MemberNode, *ast.SliceNode, *ast.ChainNode:
		what = "取成员"
	case *ast.ConditionalNode:
		what = "“？：”"
	case *ast.BinaryNode:
		what = "“" + n.Operator + "”"
		if n.Operator == ".." {
			what = "区间"
		}
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.NilNode, *ast.ArrayNode:
		return l.wrong(n, faultf("M03", "这里要写条件，不能只写一个值"))
	}
	return l.wrong(n, faultf("M05", "不允许用%s", what))
}

// label remembers what the author wrote for f and what it is about.
func (l *Lifter) label(f *formula.Form, n ast.Node, about ...string) *formula.Form {
	f.From, f.To = l.text.span(n)
	f.Text, f.About = string(l.text.author[f.From:f.To]), about
	return f
}

func (l *Lifter) binary(n *ast.BinaryNode, neg bool) *formula.Form {
	switch n.Operator {
	case "and", "&&", "or", "||":
		a, b := l.lift(n.Left, neg), l.lift(n.Right, neg)
		if (n.Operator == "and" || n.Operator == "&&") != neg {
			return formula.AllOf(a, b)
		}
		return formula.AnyOf(a, b)
	}
	if u, ok := n.Left.(*ast.UnaryNode); ok && (u.Operator == "not" || u.Operator == "!") {
		// 非 stands before a whole comparison, as authors read it.
		whole := &ast.BinaryNode{Operator: n.Operator, Left: u.Node, Right: n.Right}
		whole.SetLocation(n.Location())
		return l.binary(whole, !neg)
	}
	if s, ok := n.Left.(*ast.StringNode); ok && n.Operator == "in" {
		if id, ok := n.Right.(*ast.IdentifierNode); ok && id.Value == formula.Tag.Name() {
			return l.label(l.value(n.Right, formula.Tag, s.Value), n, id.Value).Negate(neg)
		}
	}
	id, ok := n.Left.(*ast.IdentifierNode)
	if !ok || slices.Contains(formula.Numbers(), id.Value) {
		f := l.label(l.compare(n, neg), n, numbersIn(n)...)
		if neg {
			f.Text = "非 (" + f.Text + ")"
		}
		return f
	}
	f, ok := formula.FieldNamed(id.Value)
	if !ok {
		if slices.Contains(l.names, id.Value) {
			return l.wrong(n.Left, faultf("M03", "“%s”不是字段，不能这样比较", id.Value))
		}
		return l.unknownName(n.Left, "字段", id.Value, l.names)
	}
	l.Fields[f] = true
	g := l.test(f, n)
	if f.IsText() && n.Operator == "contains" {
		return l.label(g, n).Negate(neg)
	}
	return l.label(g, n, id.Value).Negate(neg)
}

// numbersIn lists the number fields of n.
func numbersIn(n ast.Node) []string {
	var out []string
	ast.Walk(&n, visitor(func(n ast.Node) {
		if id, ok := n.(*ast.IdentifierNode); ok && !slices.Contains(out, id.Value) {
			out = append(out, id.Value)
		}
	}))
	return out
}
