package lang

import (
	"slices"
	"strings"
)

// Format writes a condition in its stored form: operators in Chinese with one
// space around them, punctuation in half width, straight quotes. It does not
// judge the condition.
func (l *Lifter) Format(src string) string {
	var b strings.Builder
	var last token
	tokens := slices.DeleteFunc(l.dict.scan(src), func(t token) bool { return t.kind == space })
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		if next := i + 1; t.expr == "not" && next < len(tokens) && (tokens[next].expr == "in" || tokens[next].expr == "contains") {
			t = tokens[next]
			t.canon = "不" + t.canon
			i++
		}
		if b.Len() > 0 && apart(last, t) {
			b.WriteByte(' ')
		}
		b.WriteString(t.canon)
		if t.kind == operator && t.expr == "-" && (b.Len() == 1 || last.kind == operator && last.expr != ")") {
			t.canon = "unary"
		}
		last = t
	}
	return b.String()
}

// apart reports whether a space stands between two tokens.
func apart(a, b token) bool {
	switch {
	case a.expr == "(" || a.expr == "[" || a.canon == "unary":
		return false
	case b.expr == ")" || b.expr == "]" || b.expr == ",":
		return false
	case b.expr == "(":
		return a.kind == operator
	}
	return true
}
