package petition_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/petition"
)

// A shelf is the register of one person.
type shelf struct {
	cases map[hub.CaseID]hub.Case
	subs  map[hub.CaseID]hub.Submission
}

func (r shelf) OfPerson(_ context.Context, _ string, _ time.Time, _ int) (ids []hub.CaseID, _ error) {
	for _, id := range []hub.CaseID{"BY1", "BY2", "BY3", "BY4", "BY9"} {
		if _, ok := r.cases[id]; ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (r shelf) Case(_ context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	return r.cases[id], r.subs[id], nil
}

const person = "620402198001011234"

func brought(no, text, level string) hub.Submission {
	s := hub.Submission{ExternalID: no, Content: hub.Content{Title: "拖欠工资", Text: text, Reporter: hub.Reporter{IDNumber: person}}}
	if level != "" {
		s.Extra = map[string]string{petition.ExtraLevel: level}
	}
	return s
}

const wages = "在水川镇安置房工地干活，包工头拖欠农民工工资三个月共五万元"

// The same wages of the same person: accepted, closed, finished; another
// wages is none of these.
func TestWhatIsKnownAtTheDoor(t *testing.T) {
	now := time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)
	month, years := now.AddDate(0, -1, 0), now.AddDate(-4, 0, 0)
	closed := func(status hub.Status, at time.Time) hub.Case {
		return hub.Case{Status: status, OpenedAt: at, ClosedAt: at.AddDate(0, 0, 20)}
	}
	open := hub.Case{Status: hub.StatusHandling, OpenedAt: month, Assignments: []hub.Assignment{{Department: "labor", Role: hub.RoleLead}}}
	for name, c := range map[string]struct {
		before hub.Case
		sub    hub.Submission
		again  hub.Submission
		want   []string // of the note; none for no note
	}{
		"accepted":             {open, brought("XF1", wages, ""), brought("XF2", wages, ""), []string{"已经受理", "XF1", "BY1", "2026年10月24日", "人社局", "第十九条"}},
		"closed":               {closed(hub.StatusResolved, month), brought("XF1", wages, ""), brought("XF2", wages, ""), []string{"疑为重复信访", "XF1", "办结"}},
		"refused":              {closed(hub.StatusRejected, month), brought("XF1", wages, ""), brought("XF2", wages, ""), []string{"疑为重复信访", "驳回"}},
		"finished long ago":    {closed(hub.StatusResolved, years), brought("XF1", wages, petition.LevelFinal), brought("XF2", wages, ""), []string{"三级终结", "第三十六条", "XF1"}},
		"closed long ago":      {closed(hub.StatusResolved, years), brought("XF1", wages, ""), brought("XF2", wages, ""), nil},
		"another wages":        {open, brought("XF1", "小区门口占道经营，油烟扰民，夜里吵得睡不着", ""), brought("XF2", wages, ""), nil},
		"its own review":       {closed(hub.StatusResolved, month), brought("XF1", wages, ""), brought("XF2", wages, petition.LevelReview), nil},
		"a review of the last": {closed(hub.StatusResolved, month), brought("XF1", wages, petition.LevelFinal), brought("XF2", wages, petition.LevelReview), []string{"三级终结"}},
	} {
		c.before.ID = "BY1"
		e := petition.Earlier{
			Register:   shelf{map[hub.CaseID]hub.Case{"BY1": c.before, "BY9": open}, map[hub.CaseID]hub.Submission{"BY1": c.sub, "BY9": c.again}},
			Clock:      hub.ClockFunc(func() time.Time { return now }),
			Department: func(hub.DepartmentCode) string { return "人社局" },
		}
		notes, err := e.Notes(t.Context(), c.again, "BY9")
		if err != nil || len(notes) > 1 || (len(notes) == 1) != (c.want != nil) {
			t.Errorf("%s: %q, %v", name, notes, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(notes[0], want) {
				t.Errorf("%s: %q does not say %s", name, notes[0], want)
			}
		}
	}
}
