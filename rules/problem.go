package rules

import (
	"fmt"
	"strings"

	"github.com/mashang-hub/mashang/hub"
)

// A Problem (问题) is one mistake in a rule file.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Code string `json:"code"` // stable, such as "M02"
	Rule string `json:"rule,omitempty"`
	Text string `json:"text"` // Chinese sentence for the author
}

// String formats p as file:line: code text.
func (p Problem) String() string {
	rule := ""
	if p.Rule != "" {
		rule = "规则 " + p.Rule + "："
	}
	return fmt.Sprintf("%s:%d: %s %s%s", p.File, p.Line, p.Code, rule, p.Text)
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
