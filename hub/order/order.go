// Package order turns what people ask for, by form or by JSON, into commands
// (指令) of package hub.
//
// It checks only that the words can be read; whether a command is possible for
// a case is for hub.Decide to say. Start with [Request].
package order

import (
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Request (操作请求) names a command by Type and carries the fields that the
// command uses; the others are ignored.
type Request struct {
	Type       string               `json:"type"`
	Actor      hub.Actor            `json:"actor,omitzero"`
	Text       string               `json:"text,omitempty"`
	Department hub.DepartmentCode   `json:"department,omitempty"`
	Lead       hub.DepartmentCode   `json:"lead,omitempty"`
	Co         []hub.DepartmentCode `json:"co,omitempty"`
	Suggest    hub.DepartmentCode   `json:"suggest,omitempty"`
	Within     hub.Budget           `json:"within,omitzero"`
	Until      time.Time            `json:"until,omitzero"`
	Approve    bool                 `json:"approve,omitempty"`
	Stars      int                  `json:"stars,omitempty"`
	Into       hub.CaseID           `json:"into,omitempty"`
	Grade      hub.OrderGrade       `json:"grade,omitempty"`   // of a supervision
	Order      int64                `json:"order,omitempty"`   // the one that is answered
	Finding    hub.Finding          `json:"finding,omitempty"` // of a check
}

// Command returns the command that r asks for. A request without an actor is
// a person's; nobody may act as the hub itself.
func (r Request) Command() (hub.Command, error) {
	if r.Actor.Kind == "" {
		r.Actor.Kind = hub.ActorPerson
	}
	switch r.Actor.Kind {
	case hub.ActorPerson, hub.ActorCitizen, hub.ActorChannel, hub.ActorDepartment:
	default:
		return nil, hub.Errorf(hub.CodeForbidden, "command.actor", string(r.Actor.Kind))
	}
	by := hub.By{Actor: r.Actor}
	for _, of := range []func(Request, hub.By) hub.Command{departmentCommand, citizenCommand, leaderCommand, deskCommand} {
		if cmd := of(r, by); cmd != nil {
			return cmd, nil
		}
	}
	return nil, hub.Errorf(hub.CodeInvalid, "command.unknown", r.Type)
}

func departmentCommand(r Request, by hub.By) hub.Command {
	switch r.Type {
	case "sign_for":
		return hub.SignFor{By: by, Department: r.Department}
	case "send_back":
		return hub.SendBack{By: by, Department: r.Department, Text: r.Text, Suggest: r.Suggest}
	case "contact":
		return hub.Contact{By: by, Text: r.Text}
	case "progress":
		return hub.Progress{By: by, Department: r.Department, Text: r.Text}
	case "verify":
		return hub.Verify{By: by, Department: r.Department, Finding: r.Finding, Text: r.Text}
	case "task":
		return hub.SetTask{By: by, Department: r.Department, Text: r.Text, Within: r.Within, From: r.Lead}
	case "ask":
		return hub.AskCitizen{By: by, Text: r.Text, Within: r.Within}
	case "ask_extension":
		return hub.AskExtension{By: by, Extension: hub.Extension{Budget: r.Within, Reason: r.Text}}
	case "ask_suspension":
		return hub.AskSuspension{By: by, Text: r.Text, Until: r.Until}
	case "resolve":
		return hub.Resolve{By: by, Department: r.Department, Text: r.Text}
	case "answer_demand":
		return hub.AnswerDemand{By: by, Text: r.Text, Order: r.Order}
	}
	return nil
}

func citizenCommand(r Request, by hub.By) hub.Command {
	switch r.Type {
	case "reply":
		return hub.CitizenReply{By: by, Text: r.Text}
	case "rate":
		return hub.Rate{By: by, Stars: r.Stars, Text: r.Text}
	case "reopen":
		return hub.Reopen{By: by, Text: r.Text}
	}
	return nil
}

func leaderCommand(r Request, by hub.By) hub.Command {
	switch r.Type {
	case "supervise":
		return hub.Supervise{By: by, Text: r.Text, Within: r.Within, Grade: r.Grade, Owner: r.Department}
	case "instruct":
		return hub.Instruct{By: by, Text: r.Text, Within: r.Within, Owner: r.Department}
	case "escalate":
		return hub.Escalate{By: by, Text: r.Text}
	case "decide_extension":
		return hub.DecideExtension{By: by, Approve: r.Approve, Text: r.Text}
	case "suspend":
		return hub.Suspend{By: by, Text: r.Text, Until: r.Until}
	case "resume":
		return hub.ResumeCase{By: by, Text: r.Text}
	}
	return nil
}

func deskCommand(r Request, by hub.By) hub.Command {
	switch r.Type {
	case "assign":
		return hub.Assign{By: by, Lead: r.Lead, Co: r.Co, Text: r.Text}
	case "reject":
		return hub.Reject{By: by, Text: r.Text}
	case "answer":
		return hub.AnswerAtOnce{By: by, Text: r.Text}
	case "merge":
		return hub.Merge{By: by, Into: r.Into, Text: r.Text}
	case "archive":
		return hub.Archive{By: by}
	}
	return nil
}
