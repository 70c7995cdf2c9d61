package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
)

// maxNodes bounds the size of one condition.
const maxNodes = 200

// A lifter turns conditions into formulas.
type lifter struct {
	atoms   *atoms
	lexicon map[string][]string // 词库
	places  map[string]string   // 辖区: name to division code
	names   []string            // identifiers, longest first
	channel map[string]string   // channel names to codes
	lead    map[string]string   // department names to codes
	used    map[field]bool      // fields of the condition being lifted
	text    *text               // the condition being lifted
}

// fault is a mistake inside a condition.
type fault struct{ code, text string }

func (f fault) Error() string { return f.code + " " + f.text }

func faultf(code, format string, args ...any) error {
	return fault{code, fmt.Sprintf(format, args...)}
}

// condition parses and lifts src.
func (l *lifter) condition(src string) (*form, error) {
	c := conf.CreateNew()
	c.MaxNodes = maxNodes
	l.text = normalise(src, l.names)
	tree, err := parser.ParseWithConfig(string(l.text.expr), c)
	if err != nil {
		return nil, faultf("M01", "条件写法有误：%s", firstLine(err))
	}
	l.used = map[field]bool{}
	return l.lift(tree.Node, false)
}

func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

// lift turns n, negated if neg, into a formula.
func (l *lifter) lift(n ast.Node, neg bool) (*form, error) {
	switch n := n.(type) {
	case *ast.BoolNode:
		return flip(&form{op: opTrue}, neg == n.Value), nil
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return l.lift(n.Node, !neg)
		}
	case *ast.BinaryNode:
		return l.binary(n, neg)
	case *ast.IdentifierNode:
		if n.Value == "采暖期" {
			f, err := l.leaf("采暖期", false)
			return flip(l.label(f, n, "采暖期"), neg), err
		}
		return nil, faultf("M03", "“%s”不能单独作条件", n.Value)
	case *ast.CallNode:
		name, ok := n.Callee.(*ast.IdentifierNode)
		if !ok {
			break
		}
		f, err := l.call(name.Value, n.Arguments)
		switch name.Value {
		case "采暖期":
			f = l.label(f, n, "采暖期")
		case "辖区":
			f = l.label(f, n, "地区")
		default:
			f = l.label(f, n)
		}
		return flip(f, neg), err
	}
	return nil, faultf("M05", "不允许的写法：%s", n.String())
}

// label remembers what the author wrote for f and what it is about.
func (l *lifter) label(f *form, n ast.Node, about ...string) *form {
	if f != nil {
		f.text, f.about = l.text.said(n), about
	}
	return f
}

func flip(f *form, neg bool) *form {
	if neg && f != nil {
		return &form{op: opNot, kids: []*form{f}}
	}
	return f
}

func (l *lifter) binary(n *ast.BinaryNode, neg bool) (*form, error) {
	switch n.Operator {
	case "and", "&&", "or", "||":
		a, err := l.lift(n.Left, neg)
		if err != nil {
			return nil, err
		}
		b, err := l.lift(n.Right, neg)
		o := opOr
		if (n.Operator == "and" || n.Operator == "&&") != neg {
			o = opAnd
		}
		return &form{op: o, kids: []*form{a, b}}, err
	}
	id, ok := n.Left.(*ast.IdentifierNode)
	if !ok || isNumber(id.Value) {
		f, err := l.compare(n, neg)
		if f = l.label(f, n, numbersIn(n)...); neg && f != nil {
			f.text = "非 (" + f.text + ")"
		}
		return f, err
	}
	f, ok := fieldOf(id.Value)
	if !ok {
		return nil, faultf("M02", "没有“%s”这个字段%s", id.Value, l.suggest(id.Value))
	}
	l.used[f] = true
	g, err := l.stringTest(f, n)
	if _, list := n.Right.(*ast.ArrayNode); f <= fieldAll && n.Operator == "contains" && !list {
		return flip(l.label(g, n), neg), err
	}
	return flip(l.label(g, n, id.Value), neg), err
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

// stringTest lifts field op constant.
func (l *lifter) stringTest(f field, n *ast.BinaryNode) (*form, error) {
	if n.Operator == "in" {
		return l.oneOf(f, n)
	}
	if _, ok := n.Right.(*ast.NilNode); ok {
		g, err := l.equal(f, "")
		return flip(g, n.Operator == "!="), err
	}
	v, ok := n.Right.(*ast.StringNode)
	if !ok {
		return nil, faultf("M03", "字段“%s”只能和引号里的文字比较", fieldName(f))
	}
	switch n.Operator {
	case "==", "!=":
		g, err := l.equal(f, v.Value)
		return flip(g, n.Operator == "!="), err
	case "contains":
		if f <= fieldAll {
			return l.keyword(f, v.Value)
		}
	case "matches":
		if _, err := regexp.Compile(v.Value); err != nil {
			return nil, faultf("M01", "正则写法有误：%s", v.Value)
		}
		return l.stringLeaf(f, "matches", v.Value)
	case "startsWith", "endsWith":
		return l.stringLeaf(f, n.Operator, v.Value)
	}
	return nil, faultf("M05", "字段“%s”不能用“%s”", fieldName(f), n.Operator)
}

// oneOf lifts field in [constants].
func (l *lifter) oneOf(f field, n *ast.BinaryNode) (*form, error) {
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok {
		return nil, faultf("M03", "“属于”后面要写【…】")
	}
	or := &form{op: opOr}
	for _, k := range list.Nodes {
		g, err := l.stringTest(f, &ast.BinaryNode{Operator: "==", Left: n.Left, Right: k})
		if err != nil {
			return nil, err
		}
		or.kids = append(or.kids, g)
	}
	return or, nil
}

func (l *lifter) stringLeaf(f field, op, v string) (*form, error) {
	return l.leaf(fieldName(f)+" "+op+" "+strconv.Quote(v), false)
}

func (l *lifter) equal(f field, v string) (*form, error) {
	if f <= fieldAll {
		return l.stringLeaf(f, "==", v)
	}
	if c, ok := l.code(f, v); ok {
		v = c
	} else if v != "" {
		return nil, faultf("M12", "“%s”不是%s的取值", v, fieldName(f))
	}
	return l.atoms.form(f, v), nil
}

// code is what is stored for the value that an author writes.
func (l *lifter) code(f field, v string) (string, bool) {
	table := map[field]map[string]string{
		fieldChannel: l.channel, fieldKind: kinds(), fieldUrgency: urgencies(),
		fieldTopic: topics(), fieldLead: l.lead,
	}[f]
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
	return v, f == fieldTopic || f == fieldChannel
}

func (l *lifter) keyword(f field, w string) (*form, error) {
	if strings.TrimSpace(w) == "" || strings.ContainsAny(w, "\n\r") {
		return nil, faultf("M17", "关键词不能为空，也不能换行")
	}
	for _, r := range w {
		if r > 0xffff {
			return nil, faultf("M30", "关键词“%s”里有不支持的字符", w)
		}
	}
	return l.atoms.form(f, w), nil
}

func (l *lifter) leaf(src string, neg bool) (*form, error) {
	p, err := expr.Compile(src, expr.Env(env{}), expr.AsBool())
	if err != nil {
		return nil, faultf("M03", "%s：%s", src, firstLine(err))
	}
	return flip(&form{op: opLeaf, src: src, prog: p}, neg), nil
}
