package lang

import "fmt"

// A Fault is a mistake inside a condition.
type Fault struct {
	Code     string // such as "M02"
	Text     string // Chinese sentence
	From, To int    // runes of the condition
	Instead  string // what to write instead of these runes, if that is known
}

// Error joins code and text.
func (f Fault) Error() string { return f.Code + " " + f.Text }

func faultf(code, format string, args ...any) *Fault {
	return &Fault{Code: code, Text: fmt.Sprintf(format, args...)}
}
