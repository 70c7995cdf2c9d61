package grpc

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/pluginpb"
)

// FromAlert says a as it goes over the wire.
func FromAlert(a hub.Alert) *pluginpb.Alert {
	return &pluginpb.Alert{
		Id: string(a.ID), Department: string(a.Department), Role: string(a.Role),
		Event: string(a.Event), Seq: a.Seq, At: fromTime(a.At), Case: string(a.Case),
		Place: string(a.Place), Due: fromTime(a.Due), Text: a.Text,
		Class: &pluginpb.Class{
			Category: a.Class.Category, Kind: string(a.Class.Kind), Urgency: string(a.Class.Urgency),
			Topic: a.Class.Topic, Grade: string(a.Class.Grade), Tags: a.Class.Tags,
		},
		Content: fromContent(a.Content),
	}
}

func toAlert(a *pluginpb.Alert) hub.Alert {
	c := a.GetClass()
	return hub.Alert{
		ID: hub.AlertID(a.GetId()), Department: hub.DepartmentCode(a.GetDepartment()), Role: hub.Role(a.GetRole()),
		Event: hub.EventType(a.GetEvent()), Seq: a.GetSeq(), At: toTime(a.GetAt()), Case: hub.CaseID(a.GetCase()),
		Place: hub.PlaceCode(a.GetPlace()), Due: toTime(a.GetDue()), Text: a.GetText(),
		Class: hub.Class{
			Category: c.GetCategory(), Kind: hub.Kind(c.GetKind()), Urgency: hub.Urgency(c.GetUrgency()),
			Topic: c.GetTopic(), Grade: hub.Grade(c.GetGrade()), Tags: c.GetTags(),
		},
		Content: toContent(a.GetContent()),
	}
}

func fromContent(c hub.Content) *pluginpb.Content {
	out := &pluginpb.Content{
		Title: c.Title, Text: c.Text, PlaceText: c.PlaceText, Extra: c.Extra,
		Reporter: &pluginpb.Reporter{
			Name: c.Reporter.Name, Phone: c.Reporter.Phone, IdNumber: c.Reporter.IDNumber,
			Account: c.Reporter.Account, Anonymous: c.Reporter.Anonymous,
		},
	}
	for _, a := range c.Attachments {
		out.Attachments = append(out.Attachments, &pluginpb.Attachment{
			Sha256: a.SHA256, Name: a.Name, MediaType: a.MediaType, Size: a.Size,
		})
	}
	return out
}

func toContent(c *pluginpb.Content) hub.Content {
	r := c.GetReporter()
	out := hub.Content{
		Title: c.GetTitle(), Text: c.GetText(), PlaceText: c.GetPlaceText(), Extra: c.GetExtra(),
		Reporter: hub.Reporter{
			Name: r.GetName(), Phone: r.GetPhone(), IDNumber: r.GetIdNumber(),
			Account: r.GetAccount(), Anonymous: r.GetAnonymous(),
		},
	}
	for _, a := range c.GetAttachments() {
		out.Attachments = append(out.Attachments, hub.Attachment{
			SHA256: a.GetSha256(), Name: a.GetName(), MediaType: a.GetMediaType(), Size: a.GetSize(),
		})
	}
	return out
}

func fromUpdate(u hub.Update) *pluginpb.Update {
	return &pluginpb.Update{
		Id: u.ID, Department: string(u.Department), Case: string(u.Case), Step: string(u.Step),
		Text: u.Text, Suggest: string(u.Suggest), At: fromTime(u.At),
	}
}

func toUpdate(u *pluginpb.Update) hub.Update {
	return hub.Update{
		ID: u.GetId(), Department: hub.DepartmentCode(u.GetDepartment()), Case: hub.CaseID(u.GetCase()),
		Step: hub.EventType(u.GetStep()), Text: u.GetText(), Suggest: hub.DepartmentCode(u.GetSuggest()), At: toTime(u.GetAt()),
	}
}

func fromTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func toTime(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
