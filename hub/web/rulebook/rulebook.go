// Package rulebook is the pages of rules (规则): what is in force and on the
// way, every rule in the words of its author with what came of it, what a
// draft would change, approval and rollback.
//
// It cannot read rules itself: a Reader does. Rules are written elsewhere, in
// the rule workshop. Start with [Config.Routes].
package rulebook

import (
	"context"
	"embed"
	"html/template"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/access"
	"github.com/mashang-hub/mashang/hub/release"
	"github.com/mashang-hub/mashang/hub/web/frame"
)

//go:embed template/*.html
var files embed.FS

// A Rule is one rule as its author wrote it.
type Rule struct {
	ID           hub.RuleID
	Name, Owner  string
	File         string
	Line         int
	Stage        string // screen, classify, route, answer, deadline, alert
	When, Unless string
	Priority     int
	Lead         hub.DepartmentCode
	Co, Alert    []hub.DepartmentCode
	Class        hub.Class
	Clocks       []hub.Allowance
	StartRung    hub.Rung
	Reject       *hub.Rejection
	Answer       *hub.Answer
	Words        []string // that can make it true
	From, To     time.Time
	Slow         bool // asked for every submission
	Examples     []Example
}

// An Example (例) is a message that the rule must hit, or miss.
type Example struct {
	Hit         bool
	Title, Text string
}

// A Finding (问题) is something to mend in a rule set that loads.
type Finding struct {
	Severity   string // error, warning, hint
	Code, File string
	Line       int
	Rule       hub.RuleID
	Text       string
}

// A Set (规则集) is the rules of one version, in order of stage, in each the
// winner first.
type Set struct {
	Hash     hub.RuleSetHash
	Rules    []Rule
	Findings []Finding
}

// A Reader opens rule sets. It is safe for concurrent use and returns an Error
// of CodeNotFound for a set that is not kept.
type Reader interface {
	Read(ctx context.Context, hash hub.RuleSetHash) (*Set, error)
}

// A Score (成效) is what came of one rule lately.
type Score struct {
	Matched, Won int
	Last         time.Time
	Feedback     map[string]int // what departments said: noise, not_ours, …
}

// A Config says what the pages stand on. All fields are required.
type Config struct {
	Names    frame.Names
	Clock    hub.Clock
	Releases *release.Manager
	Library  release.Library
	Reader   Reader
	// Scores returns what came of the rules since a time.
	Scores func(ctx context.Context, since time.Time) (map[hub.RuleID]Score, error)
}

// window is how far back rules are scored.
const window = 30 * 24 * time.Hour

type book struct {
	*frame.Frame
	Config
}

// Routes returns the pages and the frame that they stand in.
func (c Config) Routes() (*frame.Frame, []frame.Route) {
	b := &book{Config: c}
	b.Frame = frame.New(c.Names, c.Clock, files, template.FuncMap{
		"short": release.Short, "goes": b.goes, "severity": severity, "said": said,
	})
	read := func(path string, show frame.Shower) frame.Route {
		return frame.Route{Method: "GET", Path: path, Right: access.ReadRules, Reach: access.NoCases, Show: show}
	}
	approve := func(path string, show frame.Shower) frame.Route {
		return frame.Route{Method: "POST", Path: path, Right: access.ApproveRules, Reach: access.NoCases, Show: show}
	}
	return b.Frame, []frame.Route{
		read("/rules", b.home), read("/rules/rule/{id}", b.rule), read("/rules/findings", b.findings),
		read("/rules/log", b.log), read("/rules/set/{hash}", b.set), read("/rules/diff", b.diff), read("/rules/shadow", b.shadow),
		approve("/rules/set/{hash}", b.promote), approve("/rules/rollback", b.rollback),
	}
}

// goes says where cases go.
func (b *book) goes(to string) string {
	switch to {
	case hub.ToSorting:
		return "分拨岗"
	case hub.ToRejected:
		return "驳回"
	case hub.ToAnswered:
		return "当即答复"
	case "":
		return "—"
	}
	return b.Department(hub.DepartmentCode(to))
}

func severity(code string) string {
	return map[string]string{"error": "错误", "warning": "警告", "hint": "提示"}[code]
}

// said is what departments said of a rule's alerts, in words.
func said(kind string) string { return frame.Word("feedback", kind) }
