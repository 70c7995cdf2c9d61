package leave_test

import (
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/leave"
)

func monday() time.Time { return time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC) }

func away(person, standIn hub.PersonID) leave.Leave {
	return leave.Leave{Person: person, StandIn: standIn, StandInName: string(standIn), Since: monday(), Until: monday().AddDate(0, 0, 5)}
}

func TestWhoHoldsAPostMeanwhile(t *testing.T) {
	ended := away("ma", "li")
	ended.EndedAt = monday().Add(time.Hour)
	for name, story := range map[string]struct {
		leaves []leave.Leave
		at     time.Time
		want   hub.PersonID
		deputy bool
	}{
		"nobody is away":             {nil, monday(), "ma", false},
		"another is away":            {[]leave.Leave{away("yang", "li")}, monday(), "ma", false},
		"away":                       {[]leave.Leave{away("ma", "li")}, monday(), "li", true},
		"not yet":                    {[]leave.Leave{away("ma", "li")}, monday().Add(-time.Second), "ma", false},
		"back":                       {[]leave.Leave{away("ma", "li")}, monday().AddDate(0, 0, 5), "ma", false},
		"back early":                 {[]leave.Leave{ended}, monday().Add(2 * time.Hour), "ma", false},
		"nobody stands in":           {[]leave.Leave{away("ma", "")}, monday(), "", false},
		"the stand-in is away too":   {[]leave.Leave{away("ma", "li"), away("li", "wu")}, monday(), "wu", true},
		"they stand in for another":  {[]leave.Leave{away("ma", "li"), away("li", "ma")}, monday(), "", false},
		"three in a circle":          {[]leave.Leave{away("ma", "li"), away("li", "wu"), away("wu", "li")}, monday(), "", false},
		"the stand-in has nobody":    {[]leave.Leave{away("ma", "li"), away("li", "")}, monday(), "", false},
		"a vacant post stays vacant": {[]leave.Leave{away("", "li")}, monday(), "ma", false},
	} {
		got := leave.Cover([]hub.Duty{{Rung: 1, Person: "ma", Name: "老马"}}, story.leaves, story.at)[0]
		if got.Person != story.want || got.Deputy != story.deputy {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestALeaveThatCannotBe(t *testing.T) {
	good := away("ma", "li")
	if err := good.Check(monday()); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*leave.Leave){
		"nobody":          func(l *leave.Leave) { l.Person = "" },
		"for themselves":  func(l *leave.Leave) { l.StandIn = "ma" },
		"ends before":     func(l *leave.Leave) { l.Until = l.Since },
		"over already":    func(l *leave.Leave) { l.Since, l.Until = monday().AddDate(0, 0, -9), monday().AddDate(0, 0, -2) },
		"longer than all": func(l *leave.Leave) { l.Until = l.Since.AddDate(2, 0, 0) },
	} {
		bad := good
		if edit(&bad); hub.CodeOf(bad.Check(monday())) != hub.CodeInvalid {
			t.Errorf("%s passes", name)
		}
	}
}
