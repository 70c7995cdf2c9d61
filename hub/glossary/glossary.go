// Package glossary knows the word for everything: a code in the program, its
// Chinese (中文) for screens and its English, all from one table; and the
// sentence for every reason that an error can carry.
//
// Codes are "area.name", such as "status.sorting" or "department.heating";
// types of package hub are "hub.Case". The package refuses to hold words of its
// own in Go. Start with [Zh] and [Message].
package glossary

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed glossary.tsv
var glossaryTSV string

//go:embed messages.tsv
var messagesTSV string

// A Term (术语) is one row of the glossary.
type Term struct {
	Code    string
	Zh      string
	En      string
	Pos     string // part of speech: n, v, adj
	Meaning string
	Avoid   string // words not to use for it
	Source  string
}

type tables struct {
	terms    []Term
	byCode   map[string]Term
	byName   map[string]Term // without the area; the first row wins
	messages map[string]string
}

// load reads the embedded tables once; they never change afterwards.
var load = sync.OnceValue(func() tables {
	t := tables{byCode: map[string]Term{}, byName: map[string]Term{}, messages: map[string]string{}}
	for _, c := range rows(glossaryTSV, 7) {
		term := Term{Code: c[0], Zh: c[1], En: c[2], Pos: c[3], Meaning: c[4], Avoid: c[5], Source: c[6]}
		t.terms = append(t.terms, term)
		t.byCode[term.Code] = term
		_, name, _ := strings.Cut(term.Code, ".")
		if _, ok := t.byName[name]; !ok {
			t.byName[name] = term
		}
	}
	for _, c := range rows(messagesTSV, 2) {
		t.messages[c[0]] = c[1]
	}
	return t
})

// rows splits a table of n columns, without its header. A row of another
// width is left out; the package's test refuses such a table.
func rows(tsv string, n int) [][]string {
	var out [][]string
	for i, line := range strings.Split(strings.TrimRight(tsv, "\n"), "\n") {
		if cells := strings.Split(strings.TrimSuffix(line, "\r"), "\t"); i > 0 && len(cells) == n {
			out = append(out, cells)
		}
	}
	return out
}

// Terms returns all rows in the order of the table.
func Terms() []Term { return append([]Term(nil), load().terms...) }

// Lookup returns the row of code, which may leave out its area.
func Lookup(code string) (Term, bool) {
	t := load()
	if term, ok := t.byCode[code]; ok {
		return term, true
	}
	term, ok := t.byName[code]
	return term, ok
}

// Zh returns the Chinese of code, such as 已派单 for "status.assigned". Without
// the area the first row of that name holds: statuses come before events. An
// unknown code is returned as it is.
func Zh(code string) string {
	if term, ok := Lookup(code); ok {
		return term.Zh
	}
	return code
}

// En returns the English of code, or code itself when it is unknown.
func En(code string) string {
	if term, ok := Lookup(code); ok {
		return term.En
	}
	return code
}

// In returns the Chinese of name in area, such as In("event", "assigned"), or
// name itself when it is unknown there.
func In(area, name string) string {
	if term, ok := load().byCode[area+"."+name]; ok {
		return term.Zh
	}
	return name
}

// Known reports whether key has a sentence.
func Known(key string) bool { _, ok := load().messages[key]; return ok }

// Message returns the Chinese sentence for key. In the table {1} stands for
// the first argument and {1|event} for the Chinese of that argument in the area
// event. An unknown key gives a sentence that reveals nothing.
func Message(key string, args ...any) string {
	text, ok := load().messages[key]
	if !ok {
		return "操作没有成功，请稍后再试。"
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		var hole string
		hole, text, _ = strings.Cut(rest, "}")
		out.WriteString(fill(hole, args))
	}
}

// fill returns what stands for hole, "n" or "n|area".
func fill(hole string, args []any) string {
	number, area, named := strings.Cut(hole, "|")
	i := int(number[0] - '1')
	if i < 0 || i >= len(args) {
		return "…"
	}
	text := fmt.Sprint(args[i])
	if named {
		return In(area, text)
	}
	return text
}
