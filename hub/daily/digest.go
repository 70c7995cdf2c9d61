package daily

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/glossary"
	"github.com/mashang-hub/mashang/hub/mask"
)

// Digests are what a digest stands on.
type Digests struct {
	// Cases lists cases; those of one department, open, a page at a time.
	Cases func(ctx context.Context, f hub.Filter) ([]hub.Summary, error)
	// File stores alerts to be pushed; one that is known is left as it is.
	File        func(ctx context.Context, alerts []hub.Alert, now time.Time) error
	Notify      func(hub.DepartmentCode)
	Departments []hub.DepartmentCode
}

// The page of a query, and how many cases a digest names.
const (
	page   = 1000
	listed = 30
)

// Do files the digest of every department that has open cases.
func (d Digests) Do(ctx context.Context, at time.Time) error {
	for _, dept := range d.Departments {
		var open []hub.Summary
		for {
			more, err := d.Cases(ctx, hub.Filter{Department: dept, Open: true, Limit: page, Offset: len(open)})
			if err != nil {
				return wrap(err, "list open cases of %s", dept)
			}
			if open = append(open, more...); len(more) < page {
				break
			}
		}
		if len(open) == 0 {
			continue
		}
		if err := d.File(ctx, []hub.Alert{Digest(dept, open, at)}, at); err != nil {
			return wrap(err, "file the digest of %s", dept)
		}
		d.Notify(dept)
	}
	return nil
}

// Digest composes the digest of dept for the day of at: how many cases are in
// which state, how many are late, and those that are due first.
func Digest(dept hub.DepartmentCode, open []hub.Summary, at time.Time) hub.Alert {
	slices.SortStableFunc(open, func(a, b hub.Summary) int { return due(a).Compare(due(b)) })
	states, overdue := map[hub.Status]int{}, 0
	for _, c := range open {
		states[c.Status]++
		if !c.Due.IsZero() && c.Due.Before(at) {
			overdue++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "未办结 %d 件，其中超期 %d 件", len(open), overdue)
	for _, s := range []hub.Status{hub.StatusAssigned, hub.StatusSigned, hub.StatusHandling, hub.StatusWaiting, hub.StatusSuspended} {
		if n := states[s]; n > 0 {
			fmt.Fprintf(&b, "，%s %d 件", glossary.In("status", string(s)), n)
		}
	}
	b.WriteString("。\n")
	for i, c := range open[:min(len(open), listed)] {
		fmt.Fprintf(&b, "%d. %s %s", i+1, c.ID, mask.Text(c.Title))
		if !c.Due.IsZero() {
			b.WriteString("，时限 " + c.Due.In(zone()).Format("01-02 15:04"))
			if c.Due.Before(at) {
				b.WriteString("（已超期）")
			}
		}
		b.WriteByte('\n')
	}
	if len(open) > listed {
		fmt.Fprintf(&b, "……其余 %d 件请在工作台查看。", len(open)-listed)
	}
	id := hub.CaseID("D" + at.In(zone()).Format("20060102"))
	return hub.Alert{
		ID: hub.AlertID(string(id) + ".1." + string(dept)), Department: dept, Role: hub.RoleLead, Event: hub.Digested,
		Seq: 1, At: at, Case: id,
		Content: hub.Content{
			Title: day(at) + " 未办结 " + strconv.Itoa(len(open)) + " 件", Text: strings.TrimRight(b.String(), "\n"),
			Extra: map[string]string{"open": strconv.Itoa(len(open)), "overdue": strconv.Itoa(overdue)},
		},
	}
}

// due puts cases without a deadline last.
func due(c hub.Summary) time.Time {
	if c.Due.IsZero() {
		return time.Unix(1<<40, 0)
	}
	return c.Due
}
