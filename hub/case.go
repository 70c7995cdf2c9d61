package hub

import "time"

// A Status (状态) is where a case stands in its life.
type Status string

// The statuses.
const (
	StatusSorting   Status = "sorting"   // 待分拨: at the sorting desk
	StatusAssigned  Status = "assigned"  // 已派单
	StatusSigned    Status = "signed"    // 已签收
	StatusHandling  Status = "handling"  // 办理中
	StatusWaiting   Status = "waiting"   // 待补充: the citizen is asked, clocks stand
	StatusSuspended Status = "suspended" // 挂账: put off with approval
	StatusResolved  Status = "resolved"  // 已办结
	StatusAnswered  Status = "answered"  // 当即答复
	StatusRejected  Status = "rejected"  // 已驳回
	StatusMerged    Status = "merged"    // 已并案
	StatusArchived  Status = "archived"  // 已归档
)

// Open reports whether somebody still owes the citizen something.
func (s Status) Open() bool {
	switch s {
	case StatusSorting, StatusAssigned, StatusSigned, StatusHandling, StatusWaiting, StatusSuspended:
		return true
	case StatusResolved, StatusAnswered, StatusRejected, StatusMerged, StatusArchived:
	}
	return false
}

// A Role (角色) says how a department takes part in a case.
type Role string

// The roles.
const (
	RoleLead Role = "lead" // 牵头
	RoleCo   Role = "co"   // 协办
	RoleTold Role = "told" // 知会: pushed the case, does not handle it
)

// An Assignment (派单) is one department's part in a case.
type Assignment struct {
	Department DepartmentCode `json:"department"`
	Role       Role           `json:"role"`
	AssignedAt time.Time      `json:"assigned_at"`
	SignedAt   time.Time      `json:"signed_at,omitzero"`
	DoneAt     time.Time      `json:"done_at,omitzero"`
	// Task is what this department is asked for in a joint handling, Due when
	// it has to be done; "" and zero leave it to the case as a whole.
	Task     string    `json:"task,omitempty"`
	Due      time.Time `json:"due,omitzero"`
	Finding  Finding   `json:"finding,omitempty"`  // what its check found
	Progress string    `json:"progress,omitempty"` // the newest
	Result   string    `json:"result,omitempty"`   // of a part that is done
}

// Late reports whether the part is open and past its own date.
func (a Assignment) Late(now time.Time) bool {
	return a.DoneAt.IsZero() && !a.Due.IsZero() && !now.Before(a.Due)
}

// An Extension (延期) is a department's request for more time.
// A suspension (挂账) is one that names a day.
type Extension struct {
	Budget Budget    `json:"budget,omitzero"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"` // put off until then
}

// A Case (事项) is the fold of its events, and equals its row in the store.
// It carries no words of the citizen: those are the Content of its submission.
type Case struct {
	ID          CaseID         `json:"id"`
	Version     int64          `json:"version"` // sequence number of the last event
	Status      Status         `json:"status"`
	Channel     ChannelCode    `json:"channel"`
	ExternalID  string         `json:"external_id"`
	Receipt     ReceiptID      `json:"receipt"`
	Place       PlaceCode      `json:"place,omitempty"`
	Class       Class          `json:"class"`
	Assignments []Assignment   `json:"assignments,omitempty"`
	Deadlines   []Deadline     `json:"deadlines,omitempty"` // open clocks only
	Overdue     []DeadlineKind `json:"overdue,omitempty"`   // passed and not yet made good
	Rung        Rung           `json:"rung,omitempty"`      // highest rung told in this round
	Round       int            `json:"round"`               // 1, and one more for each re-opening
	Hops        int            `json:"hops,omitempty"`      // times it was sent back (退单)
	// Keeper (首接责任单位) is the department that answers for the case although
	// it sent it back: the first that got it, until another signs for it
	// (首接负责制, 北京市接诉即办工作条例 art. 14).
	Keeper DepartmentCode `json:"keeper,omitempty"`
	// Tried are the departments that sent it back as lead, in order.
	Tried      []DepartmentCode `json:"tried,omitempty"`
	Extensions int              `json:"extensions,omitempty"`
	Asked      *Extension       `json:"asked,omitempty"` // extension waiting for an answer
	Resume     Status           `json:"resume,omitempty"`
	Supervised bool             `json:"supervised,omitempty"`
	Instructed bool             `json:"instructed,omitempty"`
	Orders     []Order          `json:"orders,omitempty"` // 督办、批示 waiting for an answer
	Rating     int              `json:"rating,omitempty"` // 1 to 5, 0 none
	Into       CaseID           `json:"into,omitempty"`   // the case that this was merged into
	Contacted  bool             `json:"contacted,omitempty"`
	OpenedAt   time.Time        `json:"opened_at"`
	ClosedAt   time.Time        `json:"closed_at,omitzero"`
	Epoch      int              `json:"epoch"` // last epoch given to a deadline
}

// Lead returns the lead department, "" when there is none.
func (c Case) Lead() DepartmentCode {
	for _, a := range c.Assignments {
		if a.Role == RoleLead {
			return a.Department
		}
	}
	return ""
}

// Assignment returns the part of department d.
func (c Case) Assignment(d DepartmentCode) (Assignment, bool) {
	for _, a := range c.Assignments {
		if a.Department == d {
			return a, true
		}
	}
	return Assignment{}, false
}

// Deadline returns the open clock of kind k.
func (c Case) Deadline(k DeadlineKind) (Deadline, bool) {
	for _, d := range c.Deadlines {
		if d.Kind == k {
			return d, true
		}
	}
	return Deadline{}, false
}
