package rulebook

import (
	"slices"
	"testing"

	"github.com/mashang-hub/mashang/hub"
)

// Two versions are compared rule by rule; examples and places in files decide
// nothing and are no change.
func TestVersionsAreComparedRuleByRule(t *testing.T) {
	cold := Rule{ID: "供暖-001", When: "含任一(供热词)", Priority: 100, Lead: "heating", Line: 8}
	fee := Rule{ID: "供暖-003", When: `标题含("热费")`, Priority: 86, Lead: "heating"}
	late := Rule{ID: "供暖-005", When: `标题含("停暖")`, Priority: 87}
	moved, raised := cold, fee
	moved.Line, moved.Examples = 30, []Example{{Hit: true, Title: "家里冷"}}
	raised.Priority, raised.Lead, raised.Class = 101, "development", hub.Class{Topic: "heating"}
	fresh := Rule{ID: "供暖-009"}

	c := Compare(&Set{Rules: []Rule{cold, fee, late}}, &Set{Rules: []Rule{moved, raised, fresh}})
	if len(c.Added) != 1 || c.Added[0].ID != "供暖-009" || len(c.Removed) != 1 || c.Removed[0].ID != "供暖-005" {
		t.Errorf("added %v, removed %v", c.Added, c.Removed)
	}
	if len(c.Changed) != 1 || c.Changed[0].After.ID != "供暖-003" || !slices.Equal(c.Changed[0].Parts, []string{"优先", "派给谁", "分类"}) {
		t.Errorf("changed %+v", c.Changed)
	}
	if same := Compare(&Set{Rules: []Rule{cold}}, &Set{Rules: []Rule{moved}}); !same.Empty() {
		t.Errorf("a rule that only moved: %+v", same)
	}
}

func TestTheEffectIsReadFromTheEnginesReport(t *testing.T) {
	e, err := readEffect([]byte(`{"cases":203,"changed":2,"rerouted":1,"matrix":[{"from":"heating","to":"sorting","cases":1}],"samples":[{"id":"BY1","after":{"why":"没有规则命中"}}]}`))
	if err != nil || e.Cases != 203 || e.Matrix[0].To != hub.ToSorting || e.Samples[0].After.Why != "没有规则命中" {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := readEffect([]byte(`{"cases":"many"}`)); err == nil {
		t.Error("a report of another shape passes")
	}
}
