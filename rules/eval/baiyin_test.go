package eval_test

import (
	"os"
	"slices"
	"testing"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/rules"
)

// TestBaiyinIsWhole wants rules for every department of the city, each with an
// example that it hits and one that it misses.
func TestBaiyinIsWhole(t *testing.T) {
	set, err := rules.Load(os.DirFS("../../configs/baiyin/rules"), nil)
	if err != nil {
		t.Fatal(err)
	}
	hit, miss, leads := map[hub.RuleID]bool{}, map[hub.RuleID]bool{}, map[hub.DepartmentCode]bool{}
	for _, e := range set.Examples() {
		d := set.Decide(e.Submission)
		got := slices.ContainsFunc(d.Matches, func(m hub.Match) bool { return m.Rule == e.Rule })
		if got != e.Hit || e.Lead != "" && d.Lead != e.Lead {
			t.Errorf("%s:%d: %s hit %v, want %v; lead %q, want %q", e.File, e.Line, e.Rule, got, e.Hit, d.Lead, e.Lead)
		}
		if e.Hit {
			hit[e.Rule], leads[d.Lead] = true, true
			continue
		}
		miss[e.Rule] = true
	}
	if set.Len() < 150 || len(hit) != set.Len() || len(miss) != set.Len() {
		t.Errorf("%d rules, %d with an example that hits, %d with one that misses", set.Len(), len(hit), len(miss))
	}
	for _, d := range []hub.DepartmentCode{
		"heating", "housing", "planning", "urban", "environment", "police", "traffic_police", "transport", "labor",
		"education", "health", "medical_insurance", "market", "civil", "agriculture", "water", "power", "gas",
		"telecom", "culture", "finance", "tax", "development", "emergency", "veterans", "justice", "provident_fund",
		"petition", "discipline", "township", "government", "other",
	} {
		if !leads[d] {
			t.Errorf("no example is sent to %s", d)
		}
	}
	t.Logf("%d rules", set.Len())
}

// TestBaiyinKnowsWhatCannotWait holds heating in season, wages and danger to
// their urgency and topic.
func TestBaiyinKnowsWhatCannotWait(t *testing.T) {
	set, err := rules.Load(os.DirFS("../../configs/baiyin/rules"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		title, text, time string
		topic             string
		urgency           hub.Urgency
		lead              hub.DepartmentCode
	}{
		{"家里暖气不热", "室温只有十二度", "2026-12-01 09:00", "heating", hub.UrgencyUrgent, "heating"},
		{"房子太冷了", "暖气片一点温度都没有", "2026-01-05 09:00", "heating", hub.UrgencyUrgent, "heating"},
		{"整个小区暖气冰凉", "几百户都不热", "2026-12-01 09:00", "heating", hub.UrgencyCritical, "heating"},
		{"咨询暖气费收费标准", "请问每平米多少", "2026-09-01 09:00", "heating", hub.UrgencyNormal, "heating"},
		{"拖欠工资", "饭店老板拖欠我两个月工资", "2026-06-01 09:00", "wage_arrears", hub.UrgencyUrgent, "labor"},
		{"工地拖欠农民工工资", "我们40多个工人半年没拿到钱", "2026-06-01 09:00", "wage_arrears", hub.UrgencyCritical, "labor"},
		{"老板跑了", "包工头欠了我们三十多名农民工血汗钱", "2026-06-01 09:00", "wage_arrears", hub.UrgencyCritical, "labor"},
		{"讨薪无果", "工地欠工资，明天准备聚集", "2026-06-01 09:00", "wage_arrears", hub.UrgencyCritical, "labor"},
		{"开发商拿了我们的血汗钱不交房", "业主维权", "2026-06-01 09:00", "", hub.UrgencyNormal, "housing"},
		{"物业公司不作为", "垃圾没人清", "2026-06-01 09:00", "property", hub.UrgencyNormal, "housing"},
		{"楼道天然气泄漏", "气味很大", "2026-06-01 09:00", "", hub.UrgencyCritical, "gas"},
	} {
		s := &hub.Submission{Content: hub.Content{Title: c.title, Text: c.text}, Channel: "hotline"}
		s.SubmittedAt, _ = rules.ParseTime(c.time)
		d := set.Decide(s)
		if d.Class.Topic != c.topic || d.Class.Urgency != c.urgency || d.Lead != c.lead {
			t.Errorf("%s: topic %q, urgency %q, lead %q (%s)", c.title, d.Class.Topic, d.Class.Urgency, d.Lead, d.Rule)
		}
	}
}
