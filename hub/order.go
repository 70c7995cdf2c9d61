package hub

import "time"

// An OrderGrade (督办等级) says how serious a supervision is.
type OrderGrade string

// The grades, mildest first.
const (
	OrderRemind    OrderGrade = "remind"    // 催办
	OrderSupervise OrderGrade = "supervise" // 督办
	OrderListed    OrderGrade = "listed"    // 挂牌督办
	OrderInterview OrderGrade = "interview" // 约谈
)

// OrderGrades lists the grades, mildest first.
func OrderGrades() []OrderGrade {
	return []OrderGrade{OrderRemind, OrderSupervise, OrderListed, OrderInterview}
}

// An Order (督办、批示) is a demand on a case that is open until its owner
// answers it.
type Order struct {
	ID    int64      `json:"id"`   // number of the event that gave it
	Kind  EventType  `json:"kind"` // supervised or instructed
	Grade OrderGrade `json:"grade,omitempty"`
	// Owner is the department that must answer; "" is the lead.
	Owner DepartmentCode `json:"owner,omitempty"`
	Due   time.Time      `json:"due,omitzero"`
	Note  string         `json:"note,omitempty"` // topic instruction that it belongs to
}
