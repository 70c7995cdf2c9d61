// Package leave says who stands in (代理) when somebody on the ladder is away
// (请假、外出): notices and the record of who held a rung go by it.
//
// It gives no rights to log in or to handle: that is delegation, in package
// access. It keeps nothing itself. Start with [Cover].
package leave

import (
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// A Leave (请假) is a time during which a person is away from all their posts.
type Leave struct {
	ID     int64        `json:"id"`
	Person hub.PersonID `json:"person"`
	Name   string       `json:"name,omitempty"`
	// StandIn acts meanwhile; "" is nobody, and the rung above is told.
	StandIn     hub.PersonID `json:"stand_in,omitempty"`
	StandInName string       `json:"stand_in_name,omitempty"`
	Since       time.Time    `json:"since"`
	Until       time.Time    `json:"until"`
	Reason      string       `json:"reason,omitempty"`
	SetBy       string       `json:"set_by,omitempty"`
	EndedAt     time.Time    `json:"ended_at,omitzero"` // ended early
	EndedBy     string       `json:"ended_by,omitempty"`
}

// longest is how long a leave may be: who is away for longer is replaced.
const longest = 366 * 24 * time.Hour

// Check refuses a leave that cannot be, at now.
func (l Leave) Check(now time.Time) error {
	switch {
	case l.Person == "":
		return hub.Errorf(hub.CodeInvalid, "leave.person")
	case l.Person == l.StandIn:
		return hub.Errorf(hub.CodeInvalid, "leave.self")
	case !l.Until.After(l.Since), !l.Until.After(now), l.Until.Sub(l.Since) > longest:
		return hub.Errorf(hub.CodeInvalid, "leave.time")
	}
	return nil
}

// Holds reports whether l holds at now.
func (l Leave) Holds(now time.Time) bool {
	return !now.Before(l.Since) && now.Before(l.Until) && l.EndedAt.IsZero()
}

// Cover puts those who stand in into duties, as it is at now. A stand-in who is
// away too is followed to theirs; where that leads to nobody, or in a circle,
// the post is vacant. The slice is the caller's own.
func Cover(duties []hub.Duty, leaves []Leave, now time.Time) []hub.Duty {
	away := map[hub.PersonID]Leave{}
	for _, l := range leaves {
		if l.Holds(now) {
			away[l.Person] = l
		}
	}
	for i := range duties {
		d := &duties[i]
		seen := map[hub.PersonID]bool{}
		for l, gone := away[d.Person]; gone && d.Person != ""; l, gone = away[d.Person] {
			seen[d.Person] = true
			d.Person, d.Name, d.Deputy = l.StandIn, l.StandInName, l.StandIn != ""
			if seen[d.Person] {
				d.Person, d.Name, d.Deputy = "", "", false
			}
		}
	}
	return duties
}
