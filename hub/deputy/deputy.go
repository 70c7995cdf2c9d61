// Package deputy lets people's deputies (人大代表) watch how the cases of their
// district are handled: a view without the citizen, marks in five aspects,
// suggestions, and sending a case back into supervision when they are not
// satisfied.
//
// It shows no personal data and no exact address to anybody, and changes
// cases through the desk only. Start with [Bench].
package deputy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/mask"
)

// A Kind (履职类型) says what a deputy did.
type Kind string

// The kinds.
const (
	Viewed    Kind = "viewed"    // 查看
	Rated     Kind = "rated"     // 测评
	Suggested Kind = "suggested" // 建议
	SentBack  Kind = "sent_back" // 退回督办
)

// Aspects lists the five aspects of a rating (五方面测评), each marked 1 to 5.
func Aspects() []string { return []string{"speed", "attitude", "quality", "result", "openness"} }

// satisfied is the mean mark from which a rating is satisfied.
const satisfied = 3.0

// An Act (履职记录) is one thing that a deputy did.
type Act struct {
	ID      int64          `json:"id"`
	At      time.Time      `json:"at"`
	Account string         `json:"account"`
	Name    string         `json:"name"`
	Case    hub.CaseID     `json:"case"`
	Round   int            `json:"round"`
	Kind    Kind           `json:"kind"`
	Marks   map[string]int `json:"marks,omitempty"`
	Text    string         `json:"text,omitempty"`
}

// A Review (测评) is what a deputy says of a case.
type Review struct {
	Marks      map[string]int `json:"marks,omitempty"`
	Suggestion string         `json:"suggestion,omitempty"`
	// SendBack opens the case again, under supervision; it needs a reason,
	// which is the suggestion.
	SendBack bool `json:"send_back,omitempty"`
}

// check refuses marks that are not of the five aspects and words that are
// missing.
func (r Review) check() error {
	if len(r.Marks) > 0 {
		if len(r.Marks) != len(Aspects()) {
			return hub.Errorf(hub.CodeInvalid, "deputy.aspects")
		}
		for _, a := range Aspects() {
			if m := r.Marks[a]; m < 1 || m > 5 {
				return hub.Errorf(hub.CodeInvalid, "deputy.aspects")
			}
		}
	}
	switch {
	case r.SendBack && (r.Suggestion == "" || len(r.Marks) == 0):
		return hub.Errorf(hub.CodeInvalid, "deputy.reason")
	case r.SendBack && r.mean() >= satisfied:
		return hub.Errorf(hub.CodeInvalid, "deputy.satisfied")
	case len(r.Marks) == 0 && r.Suggestion == "":
		return hub.Errorf(hub.CodeInvalid, "deputy.empty")
	case len([]rune(r.Suggestion)) > 1000:
		return hub.Errorf(hub.CodeTooLarge, "command.too_large")
	}
	return nil
}

func (r Review) mean() float64 {
	sum := 0
	for _, m := range r.Marks {
		sum += m
	}
	return float64(sum) / float64(max(len(r.Marks), 1))
}

// A View (代表视图) is a case as deputies see it.
type View struct {
	ID          hub.CaseID         `json:"id"`
	Title       string             `json:"title"`
	Text        string             `json:"text,omitempty"`
	Status      hub.Status         `json:"status"`
	Category    string             `json:"category,omitempty"`
	Topic       string             `json:"topic,omitempty"`
	Township    hub.PlaceCode      `json:"township,omitempty"`
	Lead        hub.DepartmentCode `json:"lead,omitempty"`
	Overdue     bool               `json:"overdue,omitempty"`
	Rounds      int                `json:"rounds"`
	OpenedAt    time.Time          `json:"opened_at"`
	ClosedAt    time.Time          `json:"closed_at,omitzero"`
	Due         time.Time          `json:"due,omitzero"`
	Steps       []Step             `json:"steps,omitempty"`
	Reviews     []Act              `json:"reviews,omitempty"` // the deputy's own
	CanRate     bool               `json:"can_rate"`
	CanSendBack bool               `json:"can_send_back"`
}

// A Step (经过) is an event as deputies see it.
type Step struct {
	At         time.Time          `json:"at"`
	Type       hub.EventType      `json:"type"`
	Department hub.DepartmentCode `json:"department,omitempty"`
	Text       string             `json:"text,omitempty"`
}

// said is s without the citizen, their numbers and their door.
func said(s string, content hub.Content) string { return mask.Doors(mask.Said(s, content)) }

// viewOf hides who the citizen is and where exactly they live.
func viewOf(c hub.Case, content hub.Content) View {
	v := View{
		ID: c.ID, Status: c.Status, Category: c.Class.Category, Topic: c.Class.Topic, Township: c.Place.Township(),
		Lead: c.Lead(), Overdue: len(c.Overdue) > 0, Rounds: c.Round, OpenedAt: c.OpenedAt, ClosedAt: c.ClosedAt,
		Title: said(content.Title, content), CanRate: rateable(c),
	}
	v.CanSendBack = v.CanRate && c.Into == ""
	if v.Township == "" {
		v.Township = c.Place.County()
	}
	if d, ok := c.Deadline(hub.ClockClose); ok {
		v.Due = d.Due
	}
	return v
}

func rateable(c hub.Case) bool {
	return slices.Contains([]hub.Status{hub.StatusResolved, hub.StatusAnswered, hub.StatusArchived}, c.Status)
}

// stepOf returns what deputies may see of e: what was done, not who was told
// or what was ordered inside.
func stepOf(e hub.Event, content hub.Content) (Step, bool) {
	st := Step{At: e.At, Type: e.Type, Department: e.Data.Department}
	switch e.Type {
	case hub.Assigned:
		st.Department = e.Data.Lead
	case hub.Answered, hub.Rejected, hub.Resolved, hub.PartDone, hub.Progressed:
		st.Text = said(e.Data.Text, content)
	case hub.Received, hub.SignedFor, hub.SentBack, hub.ContactMade, hub.InfoAsked, hub.InfoGiven, hub.ExtensionApproved,
		hub.Suspended, hub.Resumed, hub.Rated, hub.Reopened, hub.Merged, hub.Overran, hub.Supervised, hub.Archived:
	default:
		return Step{}, false
	}
	return st, true
}

// Cases reads cases within the scope of the context.
type Cases interface {
	Cases(ctx context.Context, f hub.Filter) ([]hub.Summary, error)
	CountCases(ctx context.Context, f hub.Filter) (int, error)
	Case(ctx context.Context, id hub.CaseID) (hub.Case, hub.Submission, error)
	Events(ctx context.Context, id hub.CaseID) ([]hub.Event, error)
}

// Records keeps what deputies did.
type Records interface {
	SaveAct(ctx context.Context, a Act) error
	// Acts returns acts, newest first; an empty account or case means all.
	Acts(ctx context.Context, account string, id hub.CaseID, since, until time.Time, limit int) ([]Act, error)
}

// A Desk carries out commands, all or none; a message id that was handled
// before changes nothing.
type Desk interface {
	DoAll(ctx context.Context, id hub.CaseID, messageID string, cmds ...hub.Command) (hub.Case, error)
}

// A Bench (代表席) serves deputies. It is safe for concurrent use.
type Bench struct {
	Cases   Cases
	Records Records
	Desk    Desk
	Clock   hub.Clock
}

// Supervision is the time that a case has to be answered in when a deputy
// sends it back.
func Supervision() hub.Budget { return hub.Budget{N: 3, Unit: hub.WorkingDay} }

// List returns the cases of the scope of ctx that f lets through, and how many
// there are.
func (b *Bench) List(ctx context.Context, f hub.Filter) ([]View, int, error) {
	f.Text = "" // a search in what citizens said would tell by its hits
	total, err := b.Cases.CountCases(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	list, err := b.Cases.Cases(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	views := make([]View, 0, len(list))
	for _, s := range list {
		_, sub, err := b.Cases.Case(ctx, s.ID)
		if hub.CodeOf(err) == hub.CodeNotFound { // gone from the scope meanwhile
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		views = append(views, viewOf(s.Case, sub.Content))
	}
	return views, total, nil
}

// Show returns one case and records that who looked at it.
func (b *Bench) Show(ctx context.Context, id hub.CaseID, who hub.Actor) (View, error) {
	c, sub, err := b.Cases.Case(ctx, id)
	if err != nil {
		return View{}, err
	}
	events, err := b.Cases.Events(ctx, id)
	if err != nil {
		return View{}, err
	}
	v := viewOf(c, sub.Content)
	v.Text = said(sub.Text, sub.Content)
	for _, e := range events {
		if st, ok := stepOf(e, sub.Content); ok {
			v.Steps = append(v.Steps, st)
		}
	}
	acts, err := b.Records.Acts(ctx, who.ID, id, time.Time{}, time.Time{}, 100)
	if err != nil {
		return View{}, err
	}
	v.Reviews = slices.DeleteFunc(acts, func(a Act) bool { return a.Kind == Viewed })
	return v, b.Records.SaveAct(ctx, b.act(who, c, Viewed))
}

func (b *Bench) act(who hub.Actor, c hub.Case, kind Kind) Act {
	return Act{At: b.Clock.Now(), Account: who.ID, Name: who.Name, Case: c.ID, Round: c.Round, Kind: kind}
}

// Review records what a deputy says of a case. Sending it back opens the case
// again and puts it under supervision, with a new clock; a round is sent back
// by a deputy once, however often it is asked.
func (b *Bench) Review(ctx context.Context, id hub.CaseID, who hub.Actor, r Review) (hub.Case, error) {
	if err := r.check(); err != nil {
		return hub.Case{}, err
	}
	c, _, err := b.Cases.Case(ctx, id)
	if err != nil {
		return c, err
	}
	a := b.act(who, c, Suggested)
	a.Marks, a.Text = r.Marks, r.Suggestion
	if len(r.Marks) > 0 {
		if a.Kind = Rated; !rateable(c) {
			return c, hub.Errorf(hub.CodeConflict, "deputy.not_closed")
		}
	}
	if !r.SendBack {
		return c, b.Records.SaveAct(ctx, a)
	}
	a.Kind = SentBack
	by, reason := hub.By{Actor: who}, "人大代表不满意："+r.Suggestion
	c, err = b.Desk.DoAll(ctx, id, fmt.Sprintf("deputy/%s/%s/%d", id, who.ID, a.Round),
		hub.Reopen{By: by, Text: reason}, hub.Supervise{By: by, Text: reason, Within: Supervision()})
	if err != nil {
		return c, err
	}
	return c, b.Records.SaveAct(ctx, a)
}
