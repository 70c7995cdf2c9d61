package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
)

// Update applies what departments report. An update that was applied before
// changes nothing; one that the case cannot take is refused with the reason,
// and the bus keeps it as a dead letter. A final reply whose wording is not fit
// for the citizen is kept in the case, which stays open; the department is told
// why and that another is wanted.
func (d *Desk) Update(ctx context.Context, msgs []*message.Message) error {
	for _, m := range msgs {
		var u hub.Update
		if err := json.Unmarshal(m.Payload, &u); err != nil {
			return &hub.Error{Code: hub.CodeInvalid, Key: "update.malformed", Err: err}
		}
		cmds, err := commands(u)
		if err != nil {
			return err
		}
		id := string(u.Department) + "/" + u.ID
		_, err = d.change(ctx, u.Case, id, cmds...)
		if why, unfit := unfitReply(u, err); unfit {
			_, err = d.change(ctx, u.Case, id, cmds[0], hub.RefuseReply{
				By: hub.By{Actor: hub.System()}, Department: u.Department, Text: u.Text, Reason: why,
			})
		}
		if err != nil && !moot(u, err) {
			return err
		}
	}
	return nil
}

// moot reports whether an update came too late to matter: a signature or a
// call for the next rung, for a case that has moved on. It never moves a case
// backwards; a refused reply or sending back, though, is kept for a person.
func moot(u hub.Update, err error) bool {
	return hub.CodeOf(err) == hub.CodeConflict && (u.Step == hub.SignedFor || u.Step == hub.Escalated)
}

// unfitReply reports, in plain words, what is wrong with the wording of a final
// reply that was refused with err.
func unfitReply(u hub.Update, err error) (why string, unfit bool) {
	e, ok := errors.AsType[*hub.Error](err)
	if !ok || u.Step != hub.Resolved || e.Code != hub.CodeInvalid || !strings.HasPrefix(e.Key, "reply.") || u.Text == "" {
		return "", false
	}
	return glossary.Message(e.Key, e.Args...), true
}

// commands translates a department's report; a department that works on a case
// has signed for it.
func commands(u hub.Update) ([]hub.Command, error) {
	by := hub.By{Actor: hub.ByDepartment(u.Department)}
	sign := hub.SignFor{By: by, Department: u.Department}
	switch u.Step {
	case hub.SignedFor:
		return []hub.Command{sign}, nil
	case hub.ContactMade:
		return []hub.Command{hub.Contact{By: by, Text: u.Text}}, nil
	case hub.Progressed:
		return []hub.Command{sign, hub.Progress{By: by, Department: u.Department, Text: u.Text}}, nil
	case hub.EventType(hub.Confirmed), hub.EventType(hub.Partly), hub.EventType(hub.Unfounded):
		return []hub.Command{sign, hub.Verify{By: by, Department: u.Department, Finding: hub.Finding(u.Step), Text: u.Text}}, nil
	case hub.SentBack:
		return []hub.Command{hub.SendBack{By: by, Department: u.Department, Text: u.Text, Suggest: u.Suggest}}, nil
	case hub.Resolved:
		return []hub.Command{sign, hub.Resolve{By: by, Department: u.Department, Text: u.Text}}, nil
	case hub.Escalated:
		return []hub.Command{hub.Escalate{By: by, Text: cmp.Or(u.Text, "部门判定为特急")}}, nil
	default:
		return nil, hub.Errorf(hub.CodeInvalid, "update.step", string(u.Step))
	}
}
