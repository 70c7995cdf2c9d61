package hub

import "time"

// An Alert (推送) is what a department is told about a case. It is pushed at
// least once and in order per case; ID stays the same over retries.
type Alert struct {
	ID         AlertID        `json:"id"`
	Department DepartmentCode `json:"department"`
	Role       Role           `json:"role"`
	// Event is the type of the event that caused it: assigned, reminded,
	// overran, supervised, instructed, reopened, …
	Event EventType `json:"event"`
	Seq   int64     `json:"seq"` // the event's number within the case
	At    time.Time `json:"at"`
	Case  CaseID    `json:"case"`
	Place PlaceCode `json:"place,omitempty"`
	Class Class     `json:"class"`
	Due   time.Time `json:"due,omitzero"` // close by
	Text  string    `json:"text,omitempty"`
	// Content is what the citizen said; empty for all but the first alert of
	// an assignment.
	Content Content `json:"content,omitzero"`
}

// What an alert may tell of beside the events of one case.
const (
	Gathered EventType = "gathered" // 合并通知: many cases at once
	Digested EventType = "digested" // 每日汇总: all open cases of the department
	Endpoint EventType = "endpoint" // 对接告警: another department's endpoint fails
	// EarlyWarning (预警) is one event that many cases speak of; its content's
	// Extra has the keys below.
	EarlyWarning EventType = "early_warning"
)

// The keys in Content.Extra of an early warning's alert.
const (
	WarningID    = "warning"       // number of the warning
	WarningSpot  = "warning_spot"  // where, as people call it
	WarningCases = "warning_cases" // how many cases it gathers
	WarningStep  = "warning_step"  // opened, grown or closed
)

// What WarningStep may be.
const (
	WarningOpened = "opened"
	WarningGrown  = "grown"
	WarningClosed = "closed"
)

// ExtraCheckBy is the key in Content.Extra of the moment (RFC 3339) by which
// the lead department reports what its check found.
const ExtraCheckBy = "check_by"

// CheckBy is when the check of the case is due; ok is false if none is owed.
func (a Alert) CheckBy() (at time.Time, ok bool) {
	at, err := time.Parse(time.RFC3339, a.Content.Extra[ExtraCheckBy])
	return at, err == nil
}

// Citizens reports whether the content of a is what a citizen said, and not
// the hub speaking of many cases or of itself.
func (a Alert) Citizens() bool {
	switch a.Event { //nolint:exhaustive // all others tell of one citizen's case
	case Gathered, Digested, Endpoint, EarlyWarning:
		return false
	}
	return a.Content.Title != "" || a.Content.Text != ""
}

// An Outcome (推送结果) is a department's answer to one alert.
type Outcome string

// The outcomes.
const (
	Delivered  Outcome = "delivered" // the department has it
	RetryLater Outcome = "retry"     // not now: try again
	Refused    Outcome = "refused"   // will never be taken: dead letter
	Gone       Outcome = "gone"      // the endpoint is no more: stop pushing, keep all
	NotTried   Outcome = "not_tried" // no time for it: no attempt was made
)

// A Receipt (推送回执) answers one alert.
type Receipt struct {
	Alert   AlertID `json:"alert"`
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason,omitempty"`
	// RetryAfter is the wait that the department asked for; 0 leaves it to
	// the back-off schedule.
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	// Facts are what the department's plugin read from the text, such as
	// employer or heat station, and Group what it filed the alert under.
	Facts map[string]string `json:"facts,omitempty"`
	Group string            `json:"group,omitempty"`
	// Critical asks for the third rung at once.
	Critical bool `json:"critical,omitempty"`
	// Suggest says, of an assignment that was refused, whose matter it is: the
	// case is sent back (退单) with this suggestion.
	Suggest DepartmentCode `json:"suggest,omitempty"`
}

// An Update (办理反馈) is what a department reports back about a case.
type Update struct {
	ID         string         `json:"id"` // idempotency key, unique per department
	Department DepartmentCode `json:"department"`
	Case       CaseID         `json:"case"`
	// Step is one of signed_for, contact_made, progressed, sent_back, resolved
	// and, after a check, a Finding: confirmed, partly, unfounded.
	Step    EventType      `json:"step"`
	Text    string         `json:"text,omitempty"`
	Suggest DepartmentCode `json:"suggest,omitempty"`
	At      time.Time      `json:"at"`
}
