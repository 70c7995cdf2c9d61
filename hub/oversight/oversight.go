// Package oversight is the supervision office (督查室): it sees every
// supervision (督办) and instruction (批示) across cases, what is due and what
// was answered, and turns a leader's instruction on a topic into one on every
// case of it.
//
// Orders on a case are commands and live in the case; the package never changes
// a case itself. Start with [New].
package oversight

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// An Entry (督办台账) is one order with its answer.
type Entry struct {
	Case       hub.CaseID         `json:"case"`
	ID         int64              `json:"id"` // within the case
	Kind       hub.EventType      `json:"kind"`
	Grade      hub.OrderGrade     `json:"grade,omitempty"`
	Owner      hub.DepartmentCode `json:"owner,omitempty"`
	Topic      string             `json:"topic_order,omitempty"` // instruction that it belongs to
	By         string             `json:"by"`
	Text       string             `json:"text"`
	GivenAt    time.Time          `json:"given_at"`
	Due        time.Time          `json:"due"`
	AnsweredAt time.Time          `json:"answered_at,omitzero"`
	AnsweredBy string             `json:"answered_by,omitempty"`
	Answer     string             `json:"answer,omitempty"`
	Overdue    bool               `json:"overdue,omitempty"`
}

// A Filter narrows a list of orders; zero fields do not.
type Filter struct {
	State string // open, overdue, answered or ""
	Kind  hub.EventType
	Owner hub.DepartmentCode
	Topic string // of one topic instruction
	Limit int
	Now   time.Time
}

// A TopicOrder (专题批示) is an instruction on all open cases of a topic.
type TopicOrder struct {
	ID         string             `json:"id"`
	Topic      string             `json:"topic"`
	Place      hub.PlaceCode      `json:"place,omitempty"`
	Owner      hub.DepartmentCode `json:"owner,omitempty"`
	By         string             `json:"by"`
	Text       string             `json:"text"`
	GivenAt    time.Time          `json:"given_at"`
	Due        time.Time          `json:"due"`
	AnsweredAt time.Time          `json:"answered_at,omitzero"`
	AnsweredBy string             `json:"answered_by,omitempty"`
	Answer     string             `json:"answer,omitempty"`
	// Cases and Open count the cases that it was given on, and those whose
	// order is not answered.
	Cases int `json:"cases"`
	Open  int `json:"open"`
}

// A Store keeps orders. It is safe for concurrent use and shows only what the
// scope of ctx has.
type Store interface {
	Orders(ctx context.Context, f Filter) ([]Entry, error)
	Topics(ctx context.Context, limit int) ([]TopicOrder, error)
	SaveTopic(ctx context.Context, t TopicOrder) error
	// AnswerTopic closes a topic instruction; CodeConflict if it was answered.
	AnswerTopic(ctx context.Context, id, by, text string, now time.Time) error
	// Matters lists the open cases of a topic at a place, oldest first.
	Matters(ctx context.Context, topic string, place hub.PlaceCode) ([]hub.CaseID, error)
}

// A Desk carries out commands.
type Desk interface {
	Do(ctx context.Context, id hub.CaseID, cmd hub.Command) (hub.Case, error)
}

// An Office gives and follows orders. It is safe for concurrent use.
type Office struct {
	store Store
	desk  Desk
	clock hub.Clock
	due   func() hub.Calendar
}

// New returns an Office; due gives the calendar in force.
func New(store Store, desk Desk, clock hub.Clock, due func() hub.Calendar) *Office {
	return &Office{store, desk, clock, due}
}

// List returns orders, those that are due first.
func (o *Office) List(ctx context.Context, f Filter) ([]Entry, error) {
	f.Now = o.clock.Now()
	list, err := o.store.Orders(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	for i := range list {
		list[i].Overdue = list[i].AnsweredAt.IsZero() && list[i].Due.Before(f.Now)
	}
	return list, nil
}

// Topics returns instructions on topics, newest first.
func (o *Office) Topics(ctx context.Context) ([]TopicOrder, error) {
	list, err := o.store.Topics(ctx, 200)
	if err != nil {
		return nil, fmt.Errorf("list topic instructions: %w", err)
	}
	return list, nil
}

// An Instruction is what a leader writes on a topic.
type Instruction struct {
	Topic  string             `json:"topic"`
	Place  hub.PlaceCode      `json:"place,omitempty"`
	Owner  hub.DepartmentCode `json:"owner,omitempty"`
	Text   string             `json:"text"`
	Within hub.Budget         `json:"within,omitzero"`
}

// Instruct records an instruction on a topic and gives it on every open case of
// it. A case that cannot take it is passed over.
func (o *Office) Instruct(ctx context.Context, by hub.Actor, in Instruction) (TopicOrder, error) {
	switch {
	case in.Topic == "":
		return TopicOrder{}, hub.Errorf(hub.CodeInvalid, "instruction.topic")
	case in.Text == "":
		return TopicOrder{}, hub.Errorf(hub.CodeInvalid, "order.required")
	}
	if in.Within.N == 0 {
		in.Within = hub.Budget{N: 3, Unit: hub.WorkingDay}
	}
	now := o.clock.Now()
	due, _ := o.due().Due(now, in.Within)
	t := TopicOrder{
		ID: "z" + now.UTC().Format("20060102150405.000000"), Topic: in.Topic, Place: in.Place, Owner: in.Owner,
		By: name(by), Text: in.Text, GivenAt: now, Due: due,
	}
	if err := o.store.SaveTopic(ctx, t); err != nil {
		return t, fmt.Errorf("save the instruction: %w", err)
	}
	ids, err := o.store.Matters(ctx, in.Topic, in.Place)
	if err != nil {
		return t, fmt.Errorf("find the cases of %s: %w", in.Topic, err)
	}
	var failed error
	for _, id := range ids {
		cmd := hub.Instruct{By: hub.By{Actor: by}, Text: in.Text, Within: in.Within, Owner: in.Owner, Note: t.ID}
		switch _, err := o.desk.Do(ctx, id, cmd); {
		case err == nil:
			t.Cases++
			t.Open++
		case hub.CodeOf(err) == hub.CodeUnavailable:
			return t, fmt.Errorf("instruct on case %s: %w", id, err)
		case hub.CodeOf(err) != hub.CodeConflict && hub.CodeOf(err) != hub.CodeNotFound:
			failed = errors.Join(failed, err)
		}
	}
	return t, failed
}

// Answer answers a topic instruction and the orders that it left open on cases.
func (o *Office) Answer(ctx context.Context, by hub.Actor, id, text string) error {
	if text == "" {
		return hub.Errorf(hub.CodeInvalid, "text.required")
	}
	open, err := o.store.Orders(ctx, Filter{State: "open", Topic: id, Limit: 100_000, Now: o.clock.Now()})
	if err != nil {
		return fmt.Errorf("list orders of %s: %w", id, err)
	}
	for _, e := range open {
		_, err := o.desk.Do(ctx, e.Case, hub.AnswerDemand{By: hub.By{Actor: by}, Text: text, Order: e.ID})
		if err != nil && hub.CodeOf(err) != hub.CodeConflict && hub.CodeOf(err) != hub.CodeNotFound {
			return fmt.Errorf("answer on case %s: %w", e.Case, err)
		}
	}
	if err := o.store.AnswerTopic(ctx, id, name(by), text, o.clock.Now()); err != nil {
		return fmt.Errorf("answer instruction %s: %w", id, err)
	}
	return nil
}

func name(by hub.Actor) string {
	if by.Name != "" {
		return by.Name
	}
	return by.ID
}
