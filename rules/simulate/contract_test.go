package simulate_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules/simulate"
)

// The keys of the reports are a contract: others read them.
func TestTheKeysOfReports(t *testing.T) {
	d, err := simulate.Compare(t.Context(), load(t, before), load(t, after), history(t), simulate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := simulate.Run(t.Context(), load(t, after), history(t), simulate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for want, v := range map[string]any{
		"after before cases categories changed conflicts deadlines deadlines_longer deadlines_shorter grades kinds load matrix " +
			"newly_decided newly_undecided ngrams rerouted rules samples took_ms topics undecided urgencies": d,
		"busiest_days cases categories conflicts deadlines decided decided_share from grades kinds known load matrix ngrams " +
			"rule_set rules same samples to took_ms topics undecided urgencies": r,
	} {
		if got := keys(t, v); got != want {
			t.Errorf("keys\n%s, want\n%s", got, want)
		}
	}
	for want, v := range map[string]any{
		"cases from to": d.Matrix[0], "after before change department": d.Load[0], "cases from kind to": d.Deadlines[0],
		"after before changes id text title": d.Samples[0], "cases text": d.Ngrams[0],
	} {
		if got := keys(t, v); got != want {
			t.Errorf("keys %s, want %s", got, want)
		}
	}
}

func keys(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	for k, raw := range m {
		if string(raw) == "null" {
			t.Errorf("%s is null: an empty list is []", k)
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}

// Empty history gives empty lists, not nulls.
func TestReportsOfNothing(t *testing.T) {
	set := load(t, before)
	d, err := simulate.Compare(t.Context(), set, set, nil, simulate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := simulate.Run(t.Context(), set, nil, simulate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keys(t, d)
	keys(t, r)
}

func TestJudgeSaysWhy(t *testing.T) {
	hits := []hub.Match{{Rule: "甲", Stage: "route", Department: "heating", Hits: []hub.Hit{{Word: "暖气"}, {Word: "暖气"}, {Word: "冷"}}}}
	for want, d := range map[string]hub.Decision{
		"规则 甲 派给供热，因为文中有“暖气”“冷”":     {Lead: "heating", Rule: "甲", Matches: hits},
		"驳回：没有写明事情":                  {Reject: &hub.Rejection{Reason: "没有写明事情"}},
		"当即答复":                       {Answer: &hub.Answer{Text: "x"}},
		"没有规则命中，转分拨岗":                {},
		"没有规则有把握，转分拨岗，可能是：供热、住建":     {Candidates: []hub.DepartmentCode{"heating", "housing"}},
		"几条规则派给不同部门，一样优先，转分拨岗：供热、住建": {Candidates: []hub.DepartmentCode{"heating", "housing"}, Matches: append(slices.Clone(hits), hub.Match{Rule: "乙", Stage: "route", Department: "housing"})},
	} {
		if got := simulate.Judge(&d).Why; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTimesAllowedInWords(t *testing.T) {
	for text, want := range map[string]string{"30m": "30分钟", "2h": "2小时", "0wd": "当日", "5wd": "5个工作日", "60d": "60日", "": "不设", "x": "不设"} {
		if got := simulate.Budget(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// A busy day of a department is found whatever the order of the cases.
func TestTheBusiestDay(t *testing.T) {
	var lines []string
	for i := range 300 {
		day := 1 + i%20
		if i%3 == 0 {
			day = 7
		}
		lines = append(lines, fmt.Sprintf(`{"id":"%d","title":"暖气","time":"2026-11-%02d 23:30"}`, i, day))
	}
	r, err := simulate.Run(t.Context(), load(t, after), read(t, lines...), simulate.Options{})
	if err != nil || len(r.PerDay) != 1 || r.PerDay[0].Day != "2026-11-07" || r.PerDay[0].Department != "heating" || r.PerDay[0].Cases < 100 {
		t.Errorf("%+v %v", r.PerDay, err)
	}
}

// Policies fill in what rules leave open, so that a rule that sets a deadline
// shows as a change of the policy's.
func TestPolicyIsWhatRulesChange(t *testing.T) {
	none := "规则:\n  - {编号: 甲, 当: 含任一(\"暖气\"), 则: {主办: heating}}\n"
	some := "规则:\n  - {编号: 甲, 当: 含任一(\"暖气\"), 则: {主办: heating}, 时限: {办结: 10个工作日}}\n"
	o := simulate.Options{Policy: func(c hub.ChannelCode) []hub.Allowance {
		return []hub.Allowance{{Kind: hub.ClockClose, Budget: hub.Budget{N: 5, Unit: hub.WorkingDay}}}
	}}
	d, err := simulate.Compare(t.Context(), load(t, none), load(t, some), history(t), o)
	if err != nil || len(d.Deadlines) != 1 || d.Deadlines[0] != (simulate.ClockMove{Kind: "close", From: "5wd", To: "10wd", Cases: 2}) || d.DeadlinesLonger != 2 {
		t.Errorf("%+v %v", d.Deadlines, err)
	}
}
