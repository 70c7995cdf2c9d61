package rules

import (
	"slices"
	"strings"
	"unicode"
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

// normalise turns the authors' language into expr. names are the identifiers
// in use, longest first: they are left alone even if 非 or 或 is part of them.
func normalise(src string, names []string) string {
	var b strings.Builder
	for src != "" {
		if lit, rest, ok := quoted(src); ok {
			b.WriteString(lit)
			src = rest
			continue
		}
		if i := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(src, n) }); i >= 0 {
			b.WriteString(names[i])
			src = src[len(names[i]):]
			continue
		}
		word, rest := nextWord(src)
		b.WriteString(word)
		src = rest
	}
	return b.String()
}

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
