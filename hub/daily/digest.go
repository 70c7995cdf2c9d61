package daily

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/mask"
)

// Digests are what a digest stands on.
type Digests struct {
	// Standings returns the open cases of each department that has some, with
	// the n that are due first.
	Standings func(ctx context.Context, now time.Time, n int) (map[hub.DepartmentCode]Standing, error)
	// File stores alerts to be pushed; one that is known is left as it is.
	File        func(ctx context.Context, alerts []hub.Alert, now time.Time) error
	Notify      func(hub.DepartmentCode)
	Departments []hub.DepartmentCode
}

// A Standing (在办情况) is how the open cases of one department stand.
type Standing struct {
	States  map[hub.Status]int
	Overdue int
	First   []hub.Summary // those that are due first, the first of them first
}

// open is how many they are.
func (s Standing) open() (n int) {
	for _, of := range s.States {
		n += of
	}
	return n
}

// listed is how many cases a digest names.
const listed = 30

// Do files the digest of every department that has open cases.
func (d Digests) Do(ctx context.Context, at time.Time) error {
	all, err := d.Standings(ctx, at, listed)
	if err != nil {
		return wrap(err, "list open cases")
	}
	for _, dept := range d.Departments {
		if all[dept].open() == 0 {
			continue
		}
		if err := d.File(ctx, []hub.Alert{Digest(dept, all[dept], at)}, at); err != nil {
			return wrap(err, "file the digest of %s", dept)
		}
		d.Notify(dept)
	}
	return nil
}

// Digest composes the digest of dept for the day of at: how many cases are in
// which state, how many are late, and those that are due first.
func Digest(dept hub.DepartmentCode, s Standing, at time.Time) hub.Alert {
	open, overdue := s.open(), s.Overdue
	var b strings.Builder
	fmt.Fprintf(&b, "未办结 %d 件，其中超期 %d 件", open, overdue)
	for _, status := range []hub.Status{hub.StatusAssigned, hub.StatusSigned, hub.StatusHandling, hub.StatusWaiting, hub.StatusSuspended} {
		if n := s.States[status]; n > 0 {
			fmt.Fprintf(&b, "，%s %d 件", glossary.In("status", string(status)), n)
		}
	}
	b.WriteString("。\n")
	for i, c := range s.First {
		fmt.Fprintf(&b, "%d. %s %s", i+1, c.ID, mask.Text(c.Title))
		if !c.Due.IsZero() {
			b.WriteString("，时限 " + c.Due.In(hub.China()).Format("01-02 15:04"))
			if c.Due.Before(at) {
				b.WriteString("（已超期）")
			}
		}
		b.WriteByte('\n')
	}
	if rest := open - len(s.First); rest > 0 {
		fmt.Fprintf(&b, "……其余 %d 件请在工作台查看。", rest)
	}
	id := hub.CaseID("D" + at.In(hub.China()).Format("20060102"))
	return hub.Alert{
		ID: hub.AlertID(string(id) + ".1." + string(dept)), Department: dept, Role: hub.RoleLead, Event: hub.Digested,
		Seq: 1, At: at, Case: id,
		Content: hub.Content{
			Title: day(at) + " 未办结 " + strconv.Itoa(open) + " 件", Text: strings.TrimRight(b.String(), "\n"),
			Extra: map[string]string{"open": strconv.Itoa(open), "overdue": strconv.Itoa(overdue)},
		},
	}
}
