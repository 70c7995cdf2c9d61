package learn_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/learn"
)

// TestOnlyTheDepartmentThatTheRuleChoseIsHeard gives a rule five cases and lets
// everybody talk.
func TestOnlyTheDepartmentThatTheRuleChoseIsHeard(t *testing.T) {
	list := []learn.Outcome{
		{Case: "1", Rule: "甲", Lead: "urban", Final: "urban"},
		{Case: "2", Rule: "甲", Lead: "urban", Final: "urban", Insisted: true},
		{Case: "3", Rule: "甲", Lead: "urban", Final: "housing", SentBack: true},
		{Case: "4", Rule: "甲", Lead: "urban", Final: "urban"},
		{Case: "5", Rule: "甲", Lead: "urban", Final: "urban"},
	}
	said := func(id hub.CaseID, d hub.DepartmentCode, rule hub.RuleID, kind learn.Why) learn.Remark {
		return learn.Remark{Case: id, Department: d, Rule: rule, Kind: kind}
	}
	got := learn.Score(list, []learn.Remark{
		said("1", "housing", "甲", learn.NotOurs), // a clerk's choice
		said("1", "urban", "乙", learn.NotOurs),   // another rule's
		said("1", "urban", "甲", "rubbish"),
		said("2", "urban", "甲", learn.NotOurs), // the desk insisted
		said("3", "urban", "甲", learn.NotOurs), // wrong already
		said("4", "urban", "甲", learn.FalseAlarm),
		said("5", "urban", "甲", learn.TooThin),
		said("9", "urban", "甲", learn.NotOurs), // nobody knows the case
	})
	if len(got) != 1 {
		t.Fatalf("%+v", got)
	}
	k := got[0]
	if k.Feedback != (learn.Feedback{FalseAlarm: 1, NotOurs: 1, TooThin: 1, ThinOnly: 1}) || k.Right != 3 || k.Score != 50 {
		t.Errorf("%+v", k)
	}
	want := []learn.Against{
		{"3", learn.BySendingBack, "urban"},
		{"3", learn.ByRerouting, "housing"},
		{"3", learn.NotOurs, "urban"},
		{"4", learn.FalseAlarm, "urban"},
		{"5", learn.TooThin, "urban"},
	}
	if !reflect.DeepEqual(k.Against, want) {
		t.Errorf("behind the numbers: %+v", k.Against)
	}
	var file bytes.Buffer
	if err := learn.WriteScores(&file, got); err != nil {
		t.Fatal(err)
	}
	if again, err := learn.ReadScores(&file); err != nil || !reflect.DeepEqual(again, got) {
		t.Errorf("from the file: %+v, %v", again, err)
	}
}

func TestScoresThatContradictThemselvesAreRefused(t *testing.T) {
	for _, bad := range []string{
		`no json`, `{"cases":3}`, `{"rule":"甲"}`, `{"rule":"甲","cases":3,"right":4}`, `{"rule":"甲","cases":3,"right":1,"thin_only":2}`,
	} {
		if _, err := learn.ReadScores(strings.NewReader("\n" + bad)); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if list, err := learn.ReadScores(strings.NewReader("")); err != nil || list == nil || len(list) != 0 {
		t.Errorf("nothing: %v, %v", list, err)
	}
}
