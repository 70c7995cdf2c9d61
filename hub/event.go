package hub

import "time"

// An EventType (事件类型) names what happened to a case.
type EventType string

// The events of a case's life.
const (
	Received          EventType = "received"           // 收件
	Rejected          EventType = "rejected"           // 驳回
	Answered          EventType = "answered"           // 当即答复
	Queued            EventType = "queued"             // 转分拨岗: no rule was sure
	Assigned          EventType = "assigned"           // 派单
	SignedFor         EventType = "signed_for"         // 签收
	SentBack          EventType = "sent_back"          // 退单
	ContactMade       EventType = "contact_made"       // 首次联系
	Progressed        EventType = "progressed"         // 办理进展
	InfoAsked         EventType = "info_asked"         // 请反映人补充
	InfoGiven         EventType = "info_given"         // 已补充
	ExtensionAsked    EventType = "extension_asked"    // 申请延期
	ExtensionApproved EventType = "extension_approved" // 同意延期
	ExtensionRefused  EventType = "extension_refused"  // 不同意延期
	Suspended         EventType = "suspended"          // 挂账
	Resumed           EventType = "resumed"            // 恢复办理
	Tasked            EventType = "tasked"             // 分工: a department's part has words and a date of its own
	Verified          EventType = "verified"           // 核查: whether what was reported is so
	PartDone          EventType = "part_done"          // 协办完成
	ReplyRefused      EventType = "reply_refused"      // 答复退改
	Resolved          EventType = "resolved"           // 办结
	Rated             EventType = "rated"              // 测评
	Reopened          EventType = "reopened"           // 重办
	Merged            EventType = "merged"             // 并案
	Warned            EventType = "warned"             // 临期提醒
	Overran           EventType = "overran"            // 超期
	Escalated         EventType = "escalated"          // 升级
	Reminded          EventType = "reminded"           // 催办
	Supervised        EventType = "supervised"         // 督办
	Instructed        EventType = "instructed"         // 批示
	DemandAnswered    EventType = "demand_answered"    // 督办、批示答复
	Redated           EventType = "redated"            // 重算时限: a calendar was published
	Archived          EventType = "archived"           // 归档
)

// An Event (事件) is a fact about a case. Events are append-only and numbered
// from 1 within the case. They carry no personal data of the citizen.
type Event struct {
	Case CaseID    `json:"case"`
	Seq  int64     `json:"seq"`
	Type EventType `json:"type"`
	At   time.Time `json:"at"`
	By   Actor     `json:"by"`
	Data Data      `json:"data"`
}

// Posted reports whether the desk hands the event to those who tell people one
// by one, on a topic of its own; of other events they read in the stream of
// all.
func (t EventType) Posted() bool {
	switch t { //nolint:exhaustive // of the rest few are told, and not everywhere
	case Escalated, ExtensionApproved, Suspended, InfoAsked, Resolved, Answered, Rejected:
		return true
	}
	return false
}

// Data (事件内容) is what an event says beside its type; each type uses the
// fields that it needs.
type Data struct {
	Origin     *Origin          `json:"origin,omitempty"`     // received
	Decision   *Decision        `json:"decision,omitempty"`   // why the rules chose so
	Class      *Class           `json:"class,omitempty"`      // new classification
	Department DepartmentCode   `json:"department,omitempty"` // who signed, sent back, …
	Lead       DepartmentCode   `json:"lead,omitempty"`       // assigned
	Co         []DepartmentCode `json:"co,omitempty"`         // assigned
	Text       string           `json:"text,omitempty"`       // reason, reply, order
	Deadlines  []Deadline       `json:"deadlines,omitempty"`  // clocks set or moved
	Clock      DeadlineKind     `json:"clock,omitempty"`      // clock that fired
	Duty       *Duty            `json:"duty,omitempty"`       // who held the rung
	Extension  *Extension       `json:"extension,omitempty"`
	Order      *Order           `json:"order,omitempty"`   // given or answered
	Finding    Finding          `json:"finding,omitempty"` // verified
	Due        time.Time        `json:"due,omitzero"`      // of a part: tasked
	Into       CaseID           `json:"into,omitempty"`
	Rating     int              `json:"rating,omitempty"`
}

// An Origin (来源) says where a case came from.
type Origin struct {
	Channel     ChannelCode `json:"channel"`
	ExternalID  string      `json:"external_id"`
	Receipt     ReceiptID   `json:"receipt"`
	Place       PlaceCode   `json:"place,omitempty"`
	SubmittedAt time.Time   `json:"submitted_at"`
	Heuristic   bool        `json:"heuristic,omitempty"`
}
