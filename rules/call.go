package rules

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// functions are the calls that authors may write.
func functions() []string {
	return []string{"含任一", "含全部", "含至少", "不含", "标题含", "正文含", "近", "采暖期", "辖区"}
}

// call expands a function into atoms.
func (l *lifter) call(name string, args []ast.Node) (*form, error) {
	switch name {
	case "含任一":
		return l.words(fieldAll, opOr, 0, args)
	case "含全部":
		return l.words(fieldAll, opAnd, 0, args)
	case "不含":
		f, err := l.words(fieldAll, opOr, 0, args)
		return flip(f, true), err
	case "标题含":
		return l.words(fieldTitle, opOr, 0, args)
	case "正文含":
		return l.words(fieldText, opOr, 0, args)
	case "含至少":
		if len(args) > 1 {
			if n, ok := args[0].(*ast.IntegerNode); ok && n.Value > 0 {
				return l.words(fieldAll, opCount, n.Value, args[1:])
			}
		}
		return nil, faultf("M03", "含至少(个数, 词…) 的第一项要写个数")
	case "近":
		return l.near(args)
	case "采暖期":
		return l.leaf("采暖期", false)
	case "辖区":
		return l.within(args)
	}
	return nil, faultf("M05", "没有“%s”这个函数%s", name, l.suggest(name))
}

func (l *lifter) words(f field, o op, n int, args []ast.Node) (*form, error) {
	list, err := l.list(args)
	if err != nil {
		return nil, err
	}
	g := &form{op: o, n: n}
	for _, w := range list {
		k, err := l.keyword(f, w)
		if err != nil {
			return nil, err
		}
		g.kids = append(g.kids, k)
	}
	return g, nil
}

// list reads words and names of word lists (词库).
func (l *lifter) list(args []ast.Node) ([]string, error) {
	var out []string
	for _, a := range args {
		switch a := a.(type) {
		case *ast.StringNode:
			out = append(out, a.Value)
		case *ast.IdentifierNode:
			w, ok := l.lexicon[a.Value]
			if !ok {
				return nil, faultf("M02", "没有“%s”这个词库%s", a.Value, l.suggest(a.Value))
			}
			out = append(out, w...)
		case *ast.ArrayNode:
			w, err := l.list(a.Nodes)
			if err != nil {
				return nil, err
			}
			out = append(out, w...)
		default:
			return nil, faultf("M05", "这里只能写词或词库名：%s", a.String())
		}
	}
	if len(out) == 0 {
		return nil, faultf("M03", "词不能为空")
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func (l *lifter) near(args []ast.Node) (*form, error) {
	if len(args) != 3 {
		return nil, faultf("M03", "近(甲, 乙, 字数) 要三项")
	}
	n, ok := args[2].(*ast.IntegerNode)
	if !ok || n.Value < 0 || n.Value > 200 {
		return nil, faultf("M03", "近(甲, 乙, 字数) 的字数要在 0 到 200 之间")
	}
	a, err := l.list(args[:1])
	if err != nil {
		return nil, err
	}
	b, err := l.list(args[1:2])
	if err != nil {
		return nil, err
	}
	return l.nearForm(a, b, n.Value)
}

func (l *lifter) nearForm(a, b []string, n int) (*form, error) {
	or := &form{op: opOr}
	for _, x := range a {
		fx, err := l.keyword(fieldAll, x)
		if err != nil {
			return nil, err
		}
		for _, y := range b {
			fy, err := l.keyword(fieldAll, y)
			if err != nil {
				return nil, err
			}
			or.kids = append(or.kids, &form{op: opNear, n: n, kids: []*form{fx, fy}})
		}
	}
	return or, nil
}

func (l *lifter) within(args []ast.Node) (*form, error) {
	or := &form{op: opOr}
	for _, a := range args {
		s, ok := a.(*ast.StringNode)
		if !ok {
			return nil, faultf("M03", "辖区(…) 里要写引号里的地名")
		}
		code, ok := l.places[s.Value]
		if !ok {
			code = s.Value
		}
		if code == "" || strings.Trim(code, "0123456789") != "" {
			return nil, faultf("M25", "没有“%s”这个辖区", s.Value)
		}
		code = strings.TrimSuffix(code, "000000")
		for len(code) == 6 && strings.HasSuffix(code, "00") {
			code = code[:4]
		}
		f, err := l.stringLeaf(fieldPlace, "startsWith", code)
		if err != nil {
			return nil, err
		}
		or.kids = append(or.kids, f)
	}
	return or, nil
}

// compare lifts a comparison of numbers. A number that is not known makes it
// false, negated or not.
func (l *lifter) compare(n *ast.BinaryNode, neg bool) (*form, error) {
	if _, ok := n.Right.(*ast.NilNode); ok {
		if err := l.arithmetic(n.Left); err != nil {
			return nil, err
		}
		v := n.Left.String()
		f, err := l.leaf("not ("+v+" >= 0 or "+v+" < 0)", false)
		return flip(f, (n.Operator == "!=") != neg), err
	}
	opposite := map[string]string{"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
	o := n.Operator
	if _, ok := opposite[o]; !ok {
		return nil, faultf("M05", "不允许的写法：%s", n.String())
	}
	if err := l.arithmetic(n.Left); err != nil {
		return nil, err
	}
	if err := l.arithmetic(n.Right); err != nil {
		return nil, err
	}
	if neg {
		o = opposite[o]
	}
	a, b := "("+n.Left.String()+")", "("+n.Right.String()+")"
	if o == "!=" {
		return l.leaf(a+" < "+b+" or "+a+" > "+b, false)
	}
	return l.leaf(a+" "+o+" "+b, false)
}

// arithmetic refuses all but numbers, number fields, + - and *.
func (l *lifter) arithmetic(n ast.Node) error {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return nil
	case *ast.IdentifierNode:
		if isNumber(n.Value) {
			return nil
		}
		return faultf("M02", "没有“%s”这个数字字段%s", n.Value, l.suggest(n.Value))
	case *ast.UnaryNode:
		if n.Operator == "-" {
			return l.arithmetic(n.Node)
		}
	case *ast.BinaryNode:
		if n.Operator == "+" || n.Operator == "-" || n.Operator == "*" {
			if err := l.arithmetic(n.Left); err != nil {
				return err
			}
			return l.arithmetic(n.Right)
		}
	}
	return faultf("M05", "不允许的写法：%s", n.String())
}

// suggest names the known name that shares most characters with s.
func (l *lifter) suggest(s string) string {
	best, score := "", 0
	for _, n := range l.names {
		c := 0
		for _, r := range s {
			if strings.ContainsRune(n, r) {
				c++
			}
		}
		if c > score {
			best, score = n, c
		}
	}
	if best == "" {
		return ""
	}
	return "，是不是“" + best + "”？"
}
