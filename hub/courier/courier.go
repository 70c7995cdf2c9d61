// Package courier tells people one by one (个人通知): whoever holds the rung of
// the ladder that a case has reached, and the citizen whose case it is.
//
// A notice is planned from an event of a case, once, under an id that never
// changes; it waits through quiet hours, is folded with others to the same
// person, and is sent by the first way (方式) that reaches them. It keeps no
// telephone number: who somebody is is looked up when a message goes out. The
// package does not know how a way works. Start with [Courier].
package courier

import (
	"context"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Status (通知状态) says where a notice is.
type Status string

// The statuses.
const (
	Waiting Status = "waiting" // 待发
	Sent    Status = "sent"    // 已发
	Dead    Status = "dead"    // 死信: every way failed
	Nobody  Status = "nobody"  // 无处可发: no way reaches the person
)

// Statuses lists the statuses.
func Statuses() []Status { return []Status{Waiting, Sent, Dead, Nobody} }

// A Notice (个人通知) is what one person is to be told about one event. It holds
// no personal data of the citizen.
type Notice struct {
	ID    string        `json:"id"` // of the event and the one who is told: the same over retries
	Event hub.EventType `json:"event"`
	Case  hub.CaseID    `json:"case,omitempty"`
	At    time.Time     `json:"at"`
	// Person is who is told; "" is the citizen of Case.
	Person   hub.PersonID `json:"person,omitempty"`
	Rung     hub.Rung     `json:"rung,omitempty"`
	Critical bool         `json:"critical,omitempty"`
	// Ways are how, in order; Way is the one that is tried.
	Ways []string `json:"ways"`
	Way  int      `json:"way"`
	// Message is the message that it went into, with others to the same
	// person; "" before it is sent for the first time.
	Message  string    `json:"message,omitempty"`
	Status   Status    `json:"status"`
	NextAt   time.Time `json:"next_at,omitzero"`
	Attempts int       `json:"attempts,omitempty"` // by the present way
	Reason   string    `json:"reason,omitempty"`   // of the last failure
	SentAt   time.Time `json:"sent_at,omitzero"`
	// WaitsFor is told when notices are listed; stores do not keep it.
	WaitsFor Wait `json:"waits_for,omitempty"`
}

// To is the same for notices that go to one person by one way and may be one
// message. What a citizen is told is never gathered: each has words of its own.
func (n Notice) To() string {
	if n.Person == "" {
		return "notice/" + n.ID
	}
	return "person/" + string(n.Person) + "/" + n.way()
}

func (n Notice) way() string {
	if n.Way < len(n.Ways) {
		return n.Ways[n.Way]
	}
	return ""
}

// A Wait (等待原因) says what a notice waits for.
type Wait string

// The reasons.
const (
	WaitQuiet  Wait = "quiet"  // 免打扰: for the end of the quiet hours
	WaitGather Wait = "gather" // 合并: for others to the same person
	WaitRetry  Wait = "retry"  // 重试: a way failed
)

// A Message (通知消息) is what goes out: one notice, or several to one person.
type Message struct {
	ID       string            // idempotency key: the same over retries
	To       Address           // who gets it
	Template Template          // whose text was filled in
	Text     string            // all of it, in Chinese
	Params   map[string]string // what was put into the template
	Link     string
	Critical bool
	At       time.Time
	Of       int // how many notices it stands for
}

// An Address (收件人) is who a person is, as far as it is known.
type Address struct {
	Person  hub.PersonID
	Name    string
	Phone   string
	Mail    string
	Account string // of the citizen inside the channel, such as a user of the app
	Channel hub.ChannelCode
}

// A Sender (方式) passes a message on. It may be given the same message again
// and then must not take effect twice as far as its receiver can tell by the
// id. The receipt's outcome Refused says that this way will never reach the
// address.
type Sender interface {
	Send(ctx context.Context, m Message) hub.Receipt
}

// SenderFunc makes a function a Sender.
type SenderFunc func(ctx context.Context, m Message) hub.Receipt

// Send calls f.
func (f SenderFunc) Send(ctx context.Context, m Message) hub.Receipt { return f(ctx, m) }

// A Store keeps notices. Its methods are safe for concurrent use by several
// nodes.
type Store interface {
	// Plan stores new notices; those whose id is known are left as they are.
	Plan(ctx context.Context, list []Notice) error
	// Claim takes at most n messages that are due at now, oldest first: each
	// a group of notices with the same Message, which it gives to those that
	// have none, folding in what waits for the same person until soon. It
	// moves their time to lease and counts the attempt. If the caller dies the
	// same groups are returned again.
	Claim(ctx context.Context, now, soon, lease time.Time, n int) ([][]Notice, error)
	// Settle stores status, way, next time, reason and time of sending.
	Settle(ctx context.Context, list []Notice) error
}
