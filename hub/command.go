package hub

import "time"

// A Command (指令) asks for a change of a case. The concrete types below are
// all there are.
type Command interface {
	// actor is who asks.
	actor() Actor
	// decide adds the events that the command leads to.
	decide(d *decider) error
}

// By is the actor of a command; every command embeds it.
type By struct{ Actor Actor }

func (b By) actor() Actor { return b.Actor }

// The commands. Text is always the reason, reply or order in plain words.
type (
	// Receive opens a case from a submission and the rules' decision.
	Receive struct {
		By
		Submission Submission
		Decision   Decision
	}
	// Reject (驳回) sends a submission back for its wording, with the reason.
	Reject struct {
		By
		Text string
	}
	// AnswerAtOnce (当即答复) settles a simple case.
	AnswerAtOnce struct {
		By
		Text string
	}
	// Assign (派单) gives the case to a lead department and co-departments.
	Assign struct {
		By
		Lead DepartmentCode
		Co   []DepartmentCode
		Text string
	}
	// SignFor (签收) says that a department took its part.
	SignFor struct {
		By
		Department DepartmentCode
	}
	// SendBack (退单) returns the case to the sorting desk.
	SendBack struct {
		By
		Department DepartmentCode
		Text       string
		Suggest    DepartmentCode
	}
	// Contact (首次联系) says that the citizen was spoken to.
	Contact struct {
		By
		Text string
	}
	// Progress (办理进展) reports a step.
	Progress struct {
		By
		Department DepartmentCode
		Text       string
	}
	// SetTask (分工) says what one department of a joint handling is asked for,
	// and by when; without Within the part has no date of its own.
	SetTask struct {
		By
		Department DepartmentCode
		Text       string
		Within     Budget
		// From is the department that asks: the lead; "" is the sorting desk.
		From DepartmentCode
	}
	// Verify (核查) reports whether what the citizen said is so.
	Verify struct {
		By
		Department DepartmentCode
		Finding    Finding
		Text       string
	}
	// AskCitizen stops the clocks until the citizen answers or Within ends.
	AskCitizen struct {
		By
		Text   string
		Within Budget
	}
	// CitizenReply restarts the clocks.
	CitizenReply struct {
		By
		Text string
	}
	// AskExtension (延期申请) asks for more time.
	AskExtension struct {
		By
		Extension Extension
	}
	// DecideExtension approves or refuses the extension that was asked.
	DecideExtension struct {
		By
		Approve bool
		Text    string
	}
	// Suspend (挂账) puts a case off until a date, with approval.
	Suspend struct {
		By
		Text  string
		Until time.Time
	}
	// AskSuspension asks to put a case off until a date; the answer
	// is a DecideExtension.
	AskSuspension struct {
		By
		Text  string
		Until time.Time
	}
	// Redate counts provisional clocks again, after the calendar of
	// a year has been published.
	Redate struct{ By }
	// ResumeCase ends a suspension.
	ResumeCase struct {
		By
		Text string
	}
	// Resolve (办结) ends a department's part; the lead's ends the case, and its
	// text must pass CheckReply.
	Resolve struct {
		By
		Department DepartmentCode
		Text       string
	}
	// RefuseReply (答复退改) keeps a department's reply that did not pass
	// CheckReply, and asks for another; the case stays open.
	RefuseReply struct {
		By
		Department DepartmentCode
		Text       string
		Reason     string // in plain words
	}
	// Rate (测评) is the citizen's mark, 1 to 5.
	Rate struct {
		By
		Stars int
		Text  string
	}
	// Reopen (重办) starts a new round.
	Reopen struct {
		By
		Text string
	}
	// Merge (并案) folds the case into another.
	Merge struct {
		By
		Into CaseID
		Text string
	}
	// Fire tells the case that one of its clocks reached its time.
	Fire struct {
		By
		Clock DeadlineKind
		Epoch int
	}
	// Escalate (升级) tells the next rung by hand.
	Escalate struct {
		By
		Text string
	}
	// Supervise (督办) demands an answer within a time. No Grade is the next
	// above the open ones, no Owner the lead department.
	Supervise struct {
		By
		Text   string
		Within Budget
		Grade  OrderGrade
		Owner  DepartmentCode
	}
	// Instruct (批示) is a leader's order on the case; Note names the topic
	// instruction that it belongs to.
	Instruct struct {
		By
		Text   string
		Within Budget
		Owner  DepartmentCode
		Note   string
	}
	// AnswerDemand replies to a supervision or an instruction; Order 0 replies
	// to all that are open, and is refused when they are of several departments.
	AnswerDemand struct {
		By
		Text  string
		Order int64
	}
	// Archive (归档) closes the file.
	Archive struct{ By }
)

// Facts is what Decide may know beside the case and the command.
type Facts struct {
	Calendar Calendar
	// Policy gives the clocks of a newly assigned case that its decision
	// left open.
	Policy []Allowance
	Ladder Ladder
	// Duties says who holds each rung for the case's place at this moment.
	Duties []Duty
	// SendBack limits how a case is sent back; its zero value does not.
	SendBack SendBackRule
	// Extend limits extensions; its zero value does not.
	Extend ExtensionRule
	// Checks says which departments check their cases one by one.
	Checks map[DepartmentCode]CheckRule
	// Hours are the calendars of departments with office hours of their own.
	Hours map[DepartmentCode]Calendar
}

// An ExtensionRule (延期规则) says how often a case may be extended in a round,
// and by how much at once; zero values do not limit.
type ExtensionRule struct {
	Max  int    `json:"max"`
	Most Budget `json:"most"`
}

// A SendBackRule (退单规则) limits objections to an assignment. Zero fields do not
// limit.
type SendBackRule struct {
	// Within is how long after the assignment a department may object: 5
	// working days (信访工作条例 (2022) art. 23).
	Within Budget `json:"within"`
	// Hops is how often a case may be sent back before it is handled jointly
	// (联动办理) under the department that had it first.
	Hops int `json:"hops"`
}
