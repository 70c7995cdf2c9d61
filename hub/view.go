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
	DeliveryHeld    DeliveryStatus = "held"    // waits to be gathered into a notice
	DeliveryGrouped DeliveryStatus = "grouped" // went out in a notice
	DeliveryMuted   DeliveryStatus = "muted"   // silenced or inhibited, for a time
)

// A Delivery (推送记录) is the fate of one alert.
type Delivery struct {
	Alert    Alert          `json:"alert"`
	Status   DeliveryStatus `json:"status"`
	NextAt   time.Time      `json:"next_at,omitzero"`
	AddedAt  time.Time      `json:"added_at,omitzero"`
	Attempts []Attempt      `json:"attempts"`
	// Base is how many attempts there were when it was last done over: the
	// schedule counts from there.
	Base    int      `json:"base,omitempty"`
	Notice  AlertID  `json:"notice,omitempty"`   // that it went out in
	MutedBy string   `json:"muted_by,omitempty"` // the silence or alert
	Receipt *Receipt `json:"receipt,omitempty"`  // the last one
}

// A DeliveryFilter narrows deliveries; zero fields do not narrow.
type DeliveryFilter struct {
	Department DepartmentCode `json:"department,omitempty"`
	Status     DeliveryStatus `json:"status,omitempty"`
	Case       CaseID         `json:"case,omitempty"`
	Alert      AlertID        `json:"alert,omitempty"`
	// From and To bound when the alert was filed: From ≤ at < To.
	From  time.Time `json:"from,omitzero"`
	To    time.Time `json:"to,omitzero"`
	Limit int       `json:"limit,omitempty"` // 0 means 50, at most 1000
}

// A LaneStatus (通道状态) says whether a department's alerts are pushed.
type LaneStatus string

// The lane statuses.
const (
	LaneRunning  LaneStatus = "running"  // pushes
	LanePaused   LaneStatus = "paused"   // holds everything
	LaneDraining LaneStatus = "draining" // pushes what was there, holds what came since
	LaneDisabled LaneStatus = "disabled" // the endpoint said that it is gone
)

// A Lane (推送通道) is how one department's pushes stand.
type Lane struct {
	Department DepartmentCode `json:"department"`
	Status     LaneStatus     `json:"status"`
	Reason     string         `json:"reason,omitempty"`
	By         string         `json:"by,omitempty"`
	Since      time.Time      `json:"since,omitzero"`
	Pending    int            `json:"pending"`
	Dead       int            `json:"dead"`
	Done       int            `json:"done"`
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
	// Texts are the events' JSON in the same order, when it was made already,
	// and Said is that of the submission's content.
	Texts []EventText
	Said  []byte
	Out   []Outgoing
}
