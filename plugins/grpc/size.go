package grpc

import "github.com/mashang-hub/mashang/hub"

// What a field costs beside its bytes at most (tag and length), and all the
// fixed parts of an alert together: times, numbers and nested messages.
const (
	fieldCost = 6
	fixedCost = 320
)

// Bound returns a number of bytes that an alert does not exceed on the wire. It
// costs far less than the message itself.
func Bound(a *hub.Alert) int {
	r := &a.Content.Reporter
	n := fixedCost + len(a.ID) + len(a.Department) + len(a.Role) + len(a.Event) + len(a.Case) + len(a.Place) + len(a.Text) +
		len(a.Class.Category) + len(a.Class.Kind) + len(a.Class.Urgency) + len(a.Class.Topic) + len(a.Class.Grade) +
		len(a.Content.Title) + len(a.Content.Text) + len(a.Content.PlaceText) +
		len(r.Name) + len(r.Phone) + len(r.IDNumber) + len(r.Account)
	for _, t := range a.Class.Tags {
		n += len(t) + fieldCost
	}
	for _, f := range a.Content.Attachments {
		n += len(f.SHA256) + len(f.Name) + len(f.MediaType) + 10 + 6*fieldCost
	}
	for k, v := range a.Content.Extra {
		n += len(k) + len(v) + 3*fieldCost
	}
	return n
}
