package hub_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// joint is a case of the housing office with two helpers, signed for by all.
func joint(t *testing.T) hub.Case {
	t.Helper()
	return tell(t, hub.Case{}, nine, received("housing", "urban", "water"), hub.SignFor{Department: "housing"},
		hub.SignFor{Department: "urban"}, hub.SignFor{Department: "water"}, hub.Contact{Text: "已联系"})
}

func hours(n int) hub.Budget { return hub.Budget{N: n, Unit: hub.Hour} }

// told lists the departments that are alerted of the events of cmd, with the
// words and the date that they are given.
func told(t *testing.T, c hub.Case, now time.Time, cmd hub.Command) (hub.Case, []hub.Alert) {
	t.Helper()
	events, err := hub.Decide(c, cmd, facts(), now)
	if err != nil {
		t.Fatalf("%T: %v", cmd, err)
	}
	for _, e := range events {
		c = hub.Apply(c, e)
	}
	return c, hub.Alerts(c, hub.Content{}, events)
}

func TestEveryPartHasATaskOfItsOwn(t *testing.T) {
	c, alerts := told(t, joint(t), nine, hub.SetTask{Department: "urban", Text: "拆除占压管线的棚子", Within: hours(4), From: "housing"})
	if len(alerts) != 1 || alerts[0].Department != "urban" || alerts[0].Text != "拆除占压管线的棚子" || !alerts[0].Due.Equal(nine.Add(4*time.Hour)) {
		t.Fatalf("told %+v, want urban alone, with its words and its date", alerts)
	}
	c = tell(t, c, nine, hub.SetTask{Department: "water", Text: "修复水管", Within: hours(8)},
		hub.Progress{Department: "urban", Text: "已通知当事人"})
	urban, _ := c.Assignment("urban")
	if urban.Task != "拆除占压管线的棚子" || urban.Progress != "已通知当事人" {
		t.Errorf("the part of urban: %+v", urban)
	}
	c, alerts = told(t, c, nine, hub.Resolve{Department: "urban", Text: "已拆除"})
	if urban, _ = c.Assignment("urban"); urban.Result != "已拆除" || len(alerts) != 1 || alerts[0].Department != "housing" {
		t.Errorf("part %+v, told %+v; want the lead to know", urban, alerts)
	}
	if _, err := hub.Decide(c, hub.Resolve{Department: "housing", Text: "全部办完"}, facts(), nine); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("the lead closed over the part of water: %v", err)
	}
	c = tell(t, c, nine, hub.Resolve{Department: "water", Text: "已修复"}, hub.Resolve{Department: "housing", Text: "棚子已拆除，水管已修复。"})
	if c.Status != hub.StatusResolved || len(c.Deadlines) != 1 {
		t.Errorf("%s with clocks %+v", c.Status, c.Deadlines)
	}
}

func TestALatePartClimbsAndTheNextOneRunsOn(t *testing.T) {
	c := tell(t, joint(t), nine, hub.SetTask{Department: "water", Text: "修复水管", Within: hours(8)},
		hub.SetTask{Department: "urban", Text: "拆除棚子", Within: hours(4)})
	clock, ok := c.Deadline(hub.ClockPart)
	if !ok || !clock.Due.Equal(nine.Add(4*time.Hour)) {
		t.Fatalf("clock %+v, want that of urban", clock)
	}
	c, alerts := told(t, c, clock.Due, hub.Fire{Clock: hub.ClockPart, Epoch: clock.Epoch})
	who := []hub.DepartmentCode{}
	for _, a := range alerts {
		who = append(who, a.Department)
	}
	if !slices.Equal(who, []hub.DepartmentCode{"housing", "urban"}) || c.Rung != 2 || !slices.Contains(c.Overdue, hub.ClockPart) {
		t.Fatalf("told %v, rung %d, overdue %v", who, c.Rung, c.Overdue)
	}
	if clock, ok = c.Deadline(hub.ClockPart); !ok || !clock.Due.Equal(nine.Add(8*time.Hour)) {
		t.Fatalf("clock %+v, want that of water", clock)
	}
	five := nine.Add(5 * time.Hour)
	c = tell(t, c, five, hub.Resolve{Department: "urban", Text: "已拆除"})
	if _, ok := c.Deadline(hub.ClockPart); !ok || slices.Contains(c.Overdue, hub.ClockPart) {
		t.Errorf("overdue %v, clocks %+v; want none late and water's running", c.Overdue, c.Deadlines)
	}
	c = tell(t, c, five, hub.Resolve{Department: "water", Text: "已修复"})
	if _, ok := c.Deadline(hub.ClockPart); ok {
		t.Error("a clock runs for parts that are done")
	}
}

func TestAStandingCaseMovesTheDatesOfItsParts(t *testing.T) {
	c := tell(t, joint(t), nine, hub.SetTask{Department: "water", Text: "修复水管", Within: hours(8)},
		hub.SetTask{Department: "urban", Text: "拆除棚子", Within: hours(4)}, hub.AskCitizen{Text: "是几号楼？"})
	c = tell(t, c, nine.Add(3*time.Hour), hub.CitizenReply{Text: "3号楼"})
	urban, _ := c.Assignment("urban")
	water, _ := c.Assignment("water")
	clock, _ := c.Deadline(hub.ClockPart)
	if !urban.Due.Equal(nine.Add(7*time.Hour)) || !water.Due.Equal(nine.Add(11*time.Hour)) || !clock.Due.Equal(urban.Due) {
		t.Errorf("urban %v, water %v, clock %v; want three hours more", urban.Due, water.Due, clock.Due)
	}
}

func TestWhoMaySetATask(t *testing.T) {
	c := joint(t)
	for name, v := range map[string]struct {
		cmd  hub.SetTask
		want hub.ErrorCode
	}{
		"the sorting desk":         {hub.SetTask{Department: "urban", Text: "清理"}, ""},
		"the lead":                 {hub.SetTask{Department: "urban", Text: "清理", From: "housing"}, ""},
		"a helper for another":     {hub.SetTask{Department: "urban", Text: "清理", From: "water"}, hub.CodeForbidden},
		"nobody that has no part":  {hub.SetTask{Department: "gas", Text: "清理"}, hub.CodeConflict},
		"nobody without any words": {hub.SetTask{Department: "urban"}, hub.CodeInvalid},
	} {
		if _, err := hub.Decide(c, v.cmd, facts(), nine); hub.CodeOf(err) != v.want {
			t.Errorf("%s: %v, want %q", name, err, v.want)
		}
	}
	c = tell(t, c, nine, hub.Resolve{Department: "urban", Text: "已清理"})
	if _, err := hub.Decide(c, hub.SetTask{Department: "urban", Text: "再清理"}, facts(), nine); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("a task for a part that is done: %v", err)
	}
}

func TestAHelperNeedNotWaitForTheLead(t *testing.T) {
	c := tell(t, hub.Case{}, nine, received("housing", "urban"), hub.SignFor{Department: "urban"},
		hub.Progress{Department: "urban", Text: "已到现场"}, hub.Resolve{Department: "urban", Text: "已清理"})
	if c.Status != hub.StatusAssigned {
		t.Errorf("a helper moved the case to %s", c.Status)
	}
	if _, err := hub.Decide(c, hub.Progress{Department: "housing", Text: "已到现场"}, facts(), nine); hub.CodeOf(err) != hub.CodeConflict {
		t.Errorf("the lead began without signing: %v", err)
	}
}

// checking is a city whose heating office checks heating cases within two
// hours and is warned half an hour before.
func checking() hub.Facts {
	f := facts()
	f.Checks = map[hub.DepartmentCode]hub.CheckRule{
		"heating": {Topics: []string{"heating"}, Within: hours(2), Warn: hub.Budget{N: 30, Unit: hub.Minute}},
	}
	return f
}

// cold is a case of the heating office with this topic.
func cold(t *testing.T, topic string) hub.Case {
	t.Helper()
	r := received("heating")
	r.Decision.Class.Topic = topic
	c, err := step(t, hub.Case{}, checking(), nine, r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestUncheckedCasesAreRemindedAndClimb(t *testing.T) {
	c := cold(t, "heating")
	clock, ok := c.Deadline(hub.ClockVerify)
	if !ok || !clock.Due.Equal(nine.Add(2*time.Hour)) {
		t.Fatalf("clock %+v", clock)
	}
	c, err := step(t, c, checking(), clock.WarnAt, hub.Fire{Clock: hub.ClockVerify, Epoch: clock.Epoch})
	if err != nil {
		t.Fatal(err)
	}
	c, alerts := told(t, c, clock.Due, hub.Fire{Clock: hub.ClockVerify, Epoch: clock.Epoch})
	if len(alerts) != 1 || alerts[0].Event != hub.Overran || c.Rung != 2 {
		t.Errorf("told %+v, rung %d", alerts, c.Rung)
	}
	if c, err = step(t, c, checking(), clock.Due, hub.Verify{Department: "heating", Finding: hub.Unfounded, Text: "室温 20 度"}); err != nil {
		t.Fatal(err)
	}
	if part, _ := c.Assignment("heating"); part.Finding != hub.Unfounded || slices.Contains(c.Overdue, hub.ClockVerify) {
		t.Errorf("part %+v, overdue %v", part, c.Overdue)
	}
	again, err := hub.Decide(c, hub.Verify{Department: "heating", Finding: hub.Unfounded, Text: "室温 20 度"}, checking(), clock.Due)
	if err != nil || len(again) != 0 {
		t.Errorf("the same finding again: %v, %v", again, err)
	}
}

func TestWhatIsCheckedAndHow(t *testing.T) {
	if _, ok := cold(t, "consult").Deadline(hub.ClockVerify); ok {
		t.Error("a case of another topic has to be checked")
	}
	c := cold(t, "heating")
	for name, v := range map[string]struct {
		cmd  hub.Verify
		want hub.ErrorCode
	}{
		"as it is said":           {hub.Verify{Department: "heating", Finding: hub.Confirmed}, ""},
		"not so, and why":         {hub.Verify{Department: "heating", Finding: hub.Unfounded, Text: "室温达标"}, ""},
		"partly, without a word":  {hub.Verify{Department: "heating", Finding: hub.Partly}, hub.CodeInvalid},
		"in words of one's own":   {hub.Verify{Department: "heating", Finding: "perhaps"}, hub.CodeInvalid},
		"by a department outside": {hub.Verify{Department: "gas", Finding: hub.Confirmed}, hub.CodeConflict},
	} {
		if _, err := hub.Decide(c, v.cmd, checking(), nine); hub.CodeOf(err) != v.want {
			t.Errorf("%s: %v, want %q", name, err, v.want)
		}
	}
	// Not ours is a sending back, and whoever gets it next checks it anew.
	c, err := step(t, c, checking(), nine, hub.SendBack{Department: "heating", Text: "不归我们"})
	if _, ok := c.Deadline(hub.ClockVerify); ok || err != nil {
		t.Errorf("sent back and still to be checked: %v", err)
	}
	if c, err = step(t, c, checking(), nine.Add(time.Hour), hub.Assign{Lead: "heating"}); err != nil {
		t.Fatal(err)
	}
	if clock, _ := c.Deadline(hub.ClockVerify); !clock.Due.Equal(nine.Add(3 * time.Hour)) {
		t.Errorf("assigned again: %+v", clock)
	}
}

func TestAPushSaysByWhenTheCheckIsDue(t *testing.T) {
	r := received("heating", "housing")
	r.Decision.Class.Topic = "heating"
	events, err := hub.Decide(hub.Case{}, r, checking(), nine)
	if err != nil {
		t.Fatal(err)
	}
	c := hub.Case{}
	for _, e := range events {
		c = hub.Apply(c, e)
	}
	said := hub.Content{Text: "暖气不热", Extra: map[string]string{"k": "v"}}
	for _, a := range hub.Alerts(c, said, events) {
		by, ok := a.CheckBy()
		if ok != (a.Role == hub.RoleLead) || ok && !by.Equal(nine.Add(2*time.Hour)) {
			t.Errorf("%s is to check by %v, %v", a.Department, by, ok)
		}
	}
	if len(said.Extra) != 1 {
		t.Error("what the citizen said was changed")
	}
}
