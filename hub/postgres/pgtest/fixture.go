package pgtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/seal"
)

// Monday is a Monday morning, at which the cases of Opening begin.
func Monday() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// Opening returns case n with a sign clock of an hour.
func Opening(n int) hub.Opening {
	id := fmt.Sprintf("BY%04d", n)
	s := hub.Submission{
		Content: hub.Content{Title: "暖气不热", Text: "家里冷", Reporter: hub.Reporter{Name: "张三"}},
		Receipt: hub.ReceiptID("r" + id), Case: hub.CaseID(id), Channel: "qr", ExternalID: id,
		Place: "620402001001", SubmittedAt: Monday(), ReceivedAt: Monday(),
		Raw: []byte{0, 1, 2}, MediaType: "application/json",
	}
	c := hub.Case{
		ID: s.Case, Version: 2, Status: hub.StatusAssigned, Channel: s.Channel, ExternalID: id,
		Receipt: s.Receipt, Place: s.Place, Round: 1, OpenedAt: Monday(), Epoch: 1,
		Assignments: []hub.Assignment{{Department: "heating", Role: hub.RoleLead, AssignedAt: Monday()}},
		Deadlines: []hub.Deadline{{
			Kind: hub.ClockSign, Start: Monday(), Due: Monday().Add(time.Hour), Epoch: 1,
		}},
	}
	return hub.Opening{
		Submission: s, Case: c,
		Events: []hub.Event{
			{Case: c.ID, Seq: 1, Type: hub.Received, At: Monday(), By: hub.System()},
			{Case: c.ID, Seq: 2, Type: hub.Assigned, At: Monday(), By: hub.System(), Data: hub.Data{Lead: "heating"}},
		},
		Out: []hub.Outgoing{
			{Topic: "events", Key: id, ID: id + "/1", Payload: []byte("1")},
			{Topic: "events", Key: id, ID: id + "/2", Payload: []byte("2")},
		},
	}
}

// PersonalOpening is Opening n with all that is personal.
func PersonalOpening(n int) hub.Opening {
	o := Opening(n)
	o.Submission.Reporter = hub.Reporter{Name: "欧阳暗语", Phone: "19912345678", IDNumber: "620402199001011234"}
	o.Submission.Title = "欧阳暗语家暖气不热"
	o.Submission.Text = "我叫欧阳暗语，电话199 1234 5678，家里冷"
	o.Submission.Extra = map[string]string{"来电号码": "19912345678"}
	o.Submission.Raw = []byte(`{"phone":"19912345678","name":"欧阳暗语","text":"` + o.Submission.Text + `"}`)
	return o
}

// Keyring reads keys as seal.NewLine writes them.
func Keyring(t testing.TB, text string) *seal.Keyring {
	t.Helper()
	k, err := seal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
