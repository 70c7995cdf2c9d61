package lint

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
)

// A Severity says how bad a finding is.
type Severity string

// The severities. A set with errors does not go live.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Hint    Severity = "hint"
)

// A Finding is one thing to mend.
type Finding struct {
	rules.Problem
	Severity Severity `json:"severity"`
	Fixable  bool     `json:"fixable,omitempty"`
	needle   string   // text in the file that it is about
	list     string   // word list that it is about
}

// A Report is everything that was found in a folder.
type Report struct {
	OK       bool            `json:"ok"` // no errors
	RuleSet  hub.RuleSetHash `json:"rule_set"`
	Rules    int             `json:"rules"`
	Errors   int             `json:"errors"`
	Warnings int             `json:"warnings"`
	Hints    int             `json:"hints"`
	Findings []Finding       `json:"problems"`
}

// A Case is one submission of the history that overlaps are counted on.
type Case = hub.Submission

// Folder checks a folder of rules: what keeps it from loading and, if nothing
// does, what Check finds; with history also what History finds. All positions
// are filled in.
func Folder(fsys fs.FS, known []hub.DepartmentCode, history []*Case, options ...rules.Option) (Report, error) {
	set, problems, err := rules.Inspect(fsys, known, options...)
	if err != nil {
		return Report{}, err
	}
	r := Report{RuleSet: set.Hash(), Rules: set.Len(), Findings: []Finding{}}
	for _, p := range problems {
		r.Findings = append(r.Findings, Finding{Problem: p, Severity: Error, Fixable: p.Instead != ""})
	}
	if len(problems) == 0 {
		found := Check(set)
		if len(history) > 0 {
			found = append(found, History(set, history)...)
		}
		locate(fsys, found)
		r.Findings = append(r.Findings, found...)
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Code, b.Code))
	})
	for _, f := range r.Findings {
		switch f.Severity {
		case Error:
			r.Errors++
		case Warning:
			r.Warnings++
		case Hint:
			r.Hints++
		}
	}
	r.OK = r.Errors == 0
	return r, nil
}

// locate finds column and excerpt of what is known by its line and text.
func locate(fsys fs.FS, found []Finding) {
	files := map[string][]string{}
	for i := range found {
		f := &found[i]
		lines, ok := files[f.File]
		if !ok {
			data, err := fs.ReadFile(fsys, f.File)
			if err != nil {
				continue
			}
			lines = strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")
			files[f.File] = lines
		}
		for n := f.Line; n >= 1 && n <= min(len(lines), f.Line+40); n++ {
			if k := strings.Index(lines[n-1], f.needle); k >= 0 {
				f.Line, f.Column = n, len([]rune(lines[n-1][:k]))+1
				f.Length = len([]rune(f.needle))
				break
			}
		}
		if f.Line >= 1 && f.Line <= len(lines) {
			f.Excerpt = strings.TrimRight(lines[f.Line-1], "\r")
		}
	}
}

//go:embed pages/*.md
var pages embed.FS

// Page is the page of a code: why, how and an example.
func Page(code string) (string, error) {
	data, err := pages.ReadFile("pages/" + strings.ToUpper(code) + ".md")
	if errors.Is(err, fs.ErrNotExist) {
		return "", hub.Errorf(hub.CodeNotFound, "rules.no_such_code", code)
	}
	if err != nil {
		return "", fmt.Errorf("read page: %w", err)
	}
	return string(data), nil
}

// Codes lists the codes that have a page.
func Codes() []string {
	entries, err := pages.ReadDir("pages")
	if err != nil {
		return nil
	}
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = strings.TrimSuffix(e.Name(), ".md")
	}
	return out
}
