package lang

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/mashang-hub/mashang/rules/formula"
)

// A Function is a call that authors may write.
type Function struct {
	Name    string `json:"name"`
	Usage   string `json:"usage"`
	Meaning string `json:"meaning"`
	Example string `json:"example"`
}

// Functions lists the authors' functions.
func Functions() []Function {
	return []Function{
		{"含任一", "含任一(词…)", "标题或正文里有其中一个", `含任一("暖气", 供热词)`},
		{"含全部", "含全部(词…)", "标题和正文里每一个都有", `含全部("拖欠", "工资")`},
		{"不含", "不含(词…)", "标题和正文里一个都没有", `不含("招标")`},
		{"含至少", "含至少(个数, 词…)", "至少有这么多个不同的词", `含至少(2, 供热词)`},
		{"标题含", "标题含(词…)", "标题里有其中一个", `标题含("咨询")`},
		{"正文含", "正文含(词…)", "正文里有其中一个", `正文含("身份证")`},
		{"近", "近(词, 词, 字数)", "两个词在同一处（都在标题或都在正文），中间不超过这么多字，先后不论", `近("拖欠", "工资", 8)`},
		{"辖区", "辖区(地名…)", "地点在其中一个辖区里", `辖区("白银区")`},
		{"采暖期", "采暖期()", "提交时间在采暖期里", `采暖期()`},
		{"工作时间", "工作时间()", "提交时间在工作日的上班时间里", `工作时间()`},
		{"同类近期", "同类近期(话题, 范围, 时长)", "这个范围里最近同一话题的件数，不知道就不成立", `同类近期("供暖", "社区", "24小时") 大于等于 5`},
	}
}

// call expands a function into atoms.
func (l *Lifter) call(n *ast.CallNode, name string) *formula.Form {
	args := n.Arguments
	switch name {
	case "含任一":
		return l.label(l.list(n, formula.All, formula.Or, args), n)
	case "含全部":
		return l.label(l.list(n, formula.All, formula.And, args), n)
	case "不含":
		return l.label(l.list(n, formula.All, formula.Or, args).Negate(true), n)
	case "标题含":
		return l.label(l.list(n, formula.Title, formula.Or, args), n)
	case "正文含":
		return l.label(l.list(n, formula.Body, formula.Or, args), n)
	case "含至少":
		return l.label(l.atLeast(n), n)
	case "近":
		return l.label(l.near(n), n)
	case "采暖期", "工作时间":
		if len(args) > 0 {
			return l.wrong(n, faultf("M03", "%s() 的括号里不写东西", name))
		}
		return l.label(l.Atoms.Form(formula.Flag, name), n, name)
	case "辖区":
		return l.label(l.within(n), n, "地区")
	case "同类近期":
		return l.wrong(n, faultf("M03", "同类近期(…) 是件数，要比较，如 同类近期(…) 大于等于 5"))
	}
	var names []string
	for _, f := range Functions() {
		names = append(names, f.Name)
	}
	return l.unknownName(n.Callee, "函数", name, names)
}

// list lifts words in field f, joined by op.
func (l *Lifter) list(n ast.Node, f formula.Field, op formula.Op, args []ast.Node) *formula.Form {
	g := &formula.Form{Op: op}
	for _, w := range l.wordsOf(n, args) {
		g.Kids = append(g.Kids, l.keyword(n, f, w))
	}
	return g
}

func (l *Lifter) atLeast(n *ast.CallNode) *formula.Form {
	if len(n.Arguments) > 1 {
		if k, ok := n.Arguments[0].(*ast.IntegerNode); ok && k.Value > 0 {
			g := l.list(n, formula.All, formula.Count, n.Arguments[1:])
			if g.N = k.Value; len(g.Kids) > 0 && g.N > len(g.Kids) {
				return l.wrong(n.Arguments[0], faultf("M07", "只列了 %d 个词，永远不会有 %d 个", len(g.Kids), g.N))
			}
			return g
		}
	}
	return l.wrong(n, faultf("M03", "含至少(个数, 词…) 的第一项要写个数"))
}

// wordsOf reads words and names of word lists (词库), each word once.
func (l *Lifter) wordsOf(n ast.Node, args []ast.Node) []string {
	var out []string
	for _, a := range args {
		switch a := a.(type) {
		case *ast.StringNode:
			out = append(out, a.Value)
		case *ast.IdentifierNode:
			w, ok := l.voc.Lists[a.Value]
			if !ok {
				var names []string
				for k := range l.voc.Lists {
					names = append(names, k)
				}
				l.unknownName(a, "词库", a.Value, names)
				continue
			}
			l.Lists[a.Value] = true
			out = append(out, w...)
		case *ast.ArrayNode:
			out = append(out, l.wordsOf(a, a.Nodes)...)
		default:
			l.wrong(a, faultf("M05", "这里只能写引号里的词或词库名"))
		}
	}
	if l.words += len(out); l.words > MaxWords {
		l.wrong(n, faultf("M05", "一个条件里的词太多：最多 %d 个", MaxWords))
		return nil
	}
	if len(out) == 0 && len(l.faults) == 0 {
		l.wrong(n, faultf("M17", "没有写词，或词库是空的"))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (l *Lifter) near(n *ast.CallNode) *formula.Form {
	if len(n.Arguments) != 3 {
		return l.wrong(n, faultf("M03", "近(甲, 乙, 字数) 要三项，这里有 %d 项", len(n.Arguments)))
	}
	d, ok := n.Arguments[2].(*ast.IntegerNode)
	if !ok || d.Value < 0 || d.Value > 200 {
		return l.wrong(n.Arguments[2], faultf("M03", "近(甲, 乙, 字数) 的字数要在 0 到 200 之间"))
	}
	a, b := l.wordsOf(n, n.Arguments[:1]), l.wordsOf(n, n.Arguments[1:2])
	if len(a)*len(b) > MaxPairs {
		return l.wrong(n, faultf("M05", "近(…) 要比较 %d 对词，最多 %d 对", len(a)*len(b), MaxPairs))
	}
	return l.Near(a, b, d.Value, n)
}

// Near is one of a within n runes of one of b; n is where it was written, nil
// if not in a condition.
func (l *Lifter) Near(a, b []string, distance int, n ast.Node) *formula.Form {
	or := formula.AnyOf()
	var right []*formula.Form
	for _, y := range b {
		right = append(right, l.keyword(n, formula.All, y))
	}
	for _, x := range a {
		fx := l.keyword(n, formula.All, x)
		for _, fy := range right {
			or.Kids = append(or.Kids, &formula.Form{Op: formula.Close, N: distance, Kids: []*formula.Form{fx, fy}})
		}
	}
	return or
}

func (l *Lifter) within(n *ast.CallNode) *formula.Form {
	or := formula.AnyOf()
	for _, a := range n.Arguments {
		s, ok := a.(*ast.StringNode)
		if !ok {
			return l.wrong(a, faultf("M03", "辖区(…) 里要写引号里的地名"))
		}
		code, ok := l.voc.Places[s.Value]
		if !ok {
			code = s.Value
		}
		if code == "" || strings.Trim(code, "0123456789") != "" {
			t := faultf("M25", "没有“%s”这个辖区", s.Value)
			if c := Closest(s.Value, slices.Collect(keysOf(l.voc.Places))); c != "" {
				t.Text, t.Instead = t.Text+"，是不是“"+c+"”？", `"`+c+`"`
			}
			return l.wrong(a, t)
		}
		code = strings.TrimSuffix(code, "000000")
		for len(code) == 6 && strings.HasSuffix(code, "00") {
			code = code[:4]
		}
		or.Kids = append(or.Kids, l.Atoms.Form(formula.Area, code))
	}
	if len(or.Kids) == 0 {
		return l.wrong(n, faultf("M03", "辖区(…) 里要写地名"))
	}
	return or
}

// keyword is the atom that w is in text field f.
func (l *Lifter) keyword(n ast.Node, f formula.Field, w string) *formula.Form {
	t := CheckWord(w)
	if t == nil {
		return l.Atoms.Form(f, w)
	}
	if n == nil {
		l.faults = append(l.faults, *t)
		return &formula.Form{Op: formula.False}
	}
	return l.wrong(n, t)
}

// CheckWord says what is wrong with a keyword, nil if nothing is.
func CheckWord(w string) *Fault {
	if strings.TrimSpace(w) == "" || strings.ContainsAny(w, "\n\r") {
		return faultf("M17", "关键词不能为空，也不能换行")
	}
	if len([]rune(w)) > 64 {
		return faultf("M05", "关键词太长：最多 64 字")
	}
	if !plain(w) {
		return faultf("M30", "关键词“%s”里有不支持的字符", w)
	}
	return nil
}

// plain reports whether the index can search for w.
func plain(w string) bool {
	for _, r := range w {
		if r > 0xffff || r == 0xfffd || r < ' ' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r >= 0x200b && r <= 0x200f {
			return false
		}
	}
	return w != ""
}
