package rules

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
)

// A word of the authors' language and what expr calls it.
type spelling struct{ zh, expr string }

func spellings() []spelling {
	return []spelling{
		{"大于等于", ">="},
		{"小于等于", "<="},
		{"不大于", "<="},
		{"不小于", ">="},
		{"不等于", "!="},
		{"不属于", "not in"},
		{"不为空", "!= nil"},
		{"不包含", "not contains"},
		{"大于", ">"},
		{"小于", "<"},
		{"等于", "=="},
		{"属于", "in"},
		{"为空", "== nil"},
		{"包含", "contains"},
		{"并且", "and"},
		{"或者", "or"},
		{"且", "and"},
		{"或", "or"},
		{"非", "not"},
		{"≥", ">="},
		{"≤", "<="},
		{"≠", "!="},
		{"，", ","},
		{"（", "("},
		{"）", ")"},
		{"【", "["},
		{"】", "]"},
		{"、", ","},
		{"＞", ">"},
		{"＜", "<"},
		{"＝", "=="},
	}
}

// A text is a condition in the authors' language and what expr reads of it.
type text struct {
	author []rune
	expr   []rune
	from   []int // rune of author at which each rune of expr begins, and the end
}

// normalise turns the authors' language into expr. names are the identifiers
// in use, longest first: they are left alone even if 非 or 或 is part of them.
func normalise(src string, names []string) *text {
	t := &text{author: []rune(src)}
	at := 0
	for src != "" {
		word, rest := nextToken(src, names)
		for _, r := range word {
			t.expr = append(t.expr, r)
			t.from = append(t.from, at)
		}
		at += utf8.RuneCountInString(src[:len(src)-len(rest)])
		src = rest
	}
	t.from = append(t.from, at)
	return t
}

func nextToken(src string, names []string) (word, rest string) {
	if lit, rest, ok := quoted(src); ok {
		return lit, rest
	}
	if i := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(src, n) }); i >= 0 {
		return names[i], src[len(names[i]):]
	}
	return nextWord(src)
}

// said is what the author wrote for n.
func (t *text) said(n ast.Node) string {
	lo, hi := len(t.expr), 0
	ast.Walk(&n, visitor(func(n ast.Node) {
		if l := n.Location(); l.To > 0 {
			lo, hi = min(lo, l.From), max(hi, l.To)
		}
	}))
	if hi <= lo || hi >= len(t.from) {
		hi = len(t.expr)
	}
	if lo >= hi {
		return n.String()
	}
	for open := opened(t.expr[lo:hi]); open > 0 && hi < len(t.expr); hi++ {
		switch t.expr[hi] {
		case '(', '[':
			open++
		case ')', ']':
			open--
		}
	}
	for hi < len(t.expr) && t.from[hi] == t.from[hi-1] { // one author's rune may be several of expr
		hi++
	}
	return strings.TrimSpace(string(t.author[t.from[lo]:t.from[hi]]))
}

// opened counts the brackets that src opens and does not close.
func opened(src []rune) int {
	open, quoted := 0, false
	for i, r := range src {
		switch {
		case r == '"' && (i == 0 || src[i-1] != '\\'):
			quoted = !quoted
		case quoted:
		case r == '(' || r == '[':
			open++
		case r == ')' || r == ']':
			open--
		}
	}
	return open
}

// visitor calls a function for each node.
type visitor func(ast.Node)

// Visit calls v.
func (v visitor) Visit(n *ast.Node) { v(*n) }

func nextWord(src string) (word, rest string) {
	for _, s := range spellings() {
		if strings.HasPrefix(src, s.zh) {
			return " " + s.expr + " ", src[len(s.zh):]
		}
	}
	for i, r := range src {
		if i > 0 {
			return src[:i], src[i:]
		}
		if r == '　' || unicode.IsSpace(r) {
			return " ", src[len(string(r)):]
		}
		if r >= '０' && r <= '９' {
			return string('0' + r - '０'), src[len(string(r)):]
		}
	}
	return src, ""
}

// quoted takes a quoted text from the start of src and returns it in straight
// double quotes.
func quoted(src string) (lit, rest string, ok bool) {
	for _, q := range [][2]string{{"“", "”"}, {"‘", "’"}, {"「", "」"}, {`"`, `"`}, {"'", "'"}} {
		if !strings.HasPrefix(src, q[0]) {
			continue
		}
		body := src[len(q[0]):]
		i := strings.Index(body, q[1])
		if i < 0 {
			return "", "", false
		}
		text := strings.ReplaceAll(body[:i], `"`, `\"`)
		return `"` + text + `"`, body[i+len(q[1]):], true
	}
	return "", "", false
}
