package rules

import (
	"fmt"
	"strings"

	"golang.org/x/text/width"

	"github.com/mashang-hub/mashang/hub"
)

// A Problem (问题) is one mistake in a rule file.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column,omitempty"` // in characters, from 1
	Code   string `json:"code"`             // stable, such as "M02"
	Rule   string `json:"rule,omitempty"`
	Text   string `json:"text"` // Chinese sentence for the author
	// Excerpt is the line, and Length how many characters from Column on are
	// meant; Instead is what to write there, if that is known.
	Excerpt string `json:"excerpt,omitempty"`
	Length  int    `json:"length,omitempty"`
	Instead string `json:"instead,omitempty"`
}

// String formats p as file:line:column: code text.
func (p Problem) String() string {
	rule, at := "", fmt.Sprintf("%s:%d", p.File, p.Line)
	if p.Rule != "" {
		rule = "规则 " + p.Rule + "："
	}
	if p.Column > 0 {
		at += fmt.Sprintf(":%d", p.Column)
	}
	return fmt.Sprintf("%s: %s %s%s", at, p.Code, rule, p.Text)
}

// Caret is the excerpt with a line of marks below it, aligned under characters
// of double width; "" if p has no excerpt. Of a long line it shows the part
// around the marks.
func (p Problem) Caret() string {
	if p.Excerpt == "" || p.Column < 1 {
		return ""
	}
	const around = 30
	runes := []rune(strings.ReplaceAll(p.Excerpt, "\t", " "))
	from := min(p.Column-1, len(runes))
	to := min(max(from+p.Length, from+1), len(runes))
	lead, tail := "", ""
	if len(runes) > 3*around {
		if cut := from - around; cut > 0 {
			runes, from, to, lead = runes[cut:], from-cut, to-cut, "…"
		}
		if end := min(to, from+2*around) + around; end < len(runes) {
			runes, to, tail = runes[:end], min(to, end), "…"
		}
	}
	before, marks := columns([]rune(lead))+columns(runes[:from]), max(columns(runes[from:to]), 1)
	return "  " + lead + string(runes) + tail + "\n  " + strings.Repeat(" ", before) + strings.Repeat("^", marks)
}

// columns is how wide a terminal shows runes.
func columns(runes []rune) int {
	n := 0
	for _, r := range runes {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth || k == width.EastAsianAmbiguous && r >= 0x2018 && r <= 0x201d {
			n++
		}
	}
	return n
}

// Problems is everything that is wrong with a rule folder.
type Problems []Problem //nolint:errname // the plural reads better than ProblemsError

// Error lists the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, x := range p {
		lines[i] = x.String()
	}
	return strings.Join(lines, "\n")
}

// asError is nil for no problems, else a hub.Error that wraps them.
func (p Problems) asError() error {
	if len(p) == 0 {
		return nil
	}
	return &hub.Error{Code: hub.CodeInvalid, Key: "rules.invalid", Args: []any{len(p)}, Err: p}
}
