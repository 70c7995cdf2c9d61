package hub

import "time"

// A Filter narrows a list of cases; zero fields do not narrow.
type Filter struct {
	Status     Status
	Department DepartmentCode
	Channel    ChannelCode
	Place      PlaceCode
	Text       string // in the title
	Open       bool   // only cases that are open
	Limit      int    // 0 means 50, at most 1000
	Offset     int
}

// A Summary is a case as lists show it: newest first.
type Summary struct {
	Case
	Title string    `json:"title"`
	Due   time.Time `json:"due,omitzero"` // the nearest open deadline
}

// A DeliveryStatus (推送状态) says how far a delivery is.
type DeliveryStatus string

// The delivery statuses.
const (
	DeliveryPending DeliveryStatus = "pending" // waiting for its (next) attempt
	DeliveryDone    DeliveryStatus = "done"    // the department has it
	DeliveryDead    DeliveryStatus = "dead"    // given up or refused: dead letter
)

// A Delivery (推送记录) is the fate of one alert.
type Delivery struct {
	Alert    Alert          `json:"alert"`
	Status   DeliveryStatus `json:"status"`
	NextAt   time.Time      `json:"next_at,omitzero"`
	Attempts []Attempt      `json:"attempts"`
	Receipt  *Receipt       `json:"receipt,omitempty"` // the last one
}

// An Attempt is one try to deliver.
type Attempt struct {
	N      int           `json:"n"`
	At     time.Time     `json:"at"`
	Took   time.Duration `json:"took"`
	Result string        `json:"result"` // delivered, or the reason it was not
}

// An Outgoing is a message that leaves through the outbox: it is stored in the
// transaction that caused it and published to the bus afterwards, at least
// once and in order per key.
type Outgoing struct {
	Topic   string
	Key     string
	ID      string // stable over retries
	Payload []byte
}

// An Opening is a new case with the submission that opened it and what it
// sends out: all of it is stored together or not at all.
type Opening struct {
	Submission Submission
	Case       Case
	Events     []Event
	// Texts are the events' JSON in the same order, when it was made already.
	Texts []EventText
	Out   []Outgoing
}
