package warning_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/warning"
)

func heat() warning.Policy {
	return warning.Policy{
		Topic: "heating", Name: "供暖", Departments: []hub.DepartmentCode{"heating"}, Window: 2 * time.Hour, Least: 5,
		Factor: 3, Baseline: 14 * 24 * time.Hour, Quiet: 6 * time.Hour,
	}
}

func TestJudge(t *testing.T) {
	named, wide := warning.Spot{Key: "万人", Name: "万人小区"}, warning.Spot{Key: "@1", Name: "中心街社区", Wide: true}
	at := func(s warning.Spot, u hub.Urgency) warning.Report {
		return warning.Report{Topic: "heating", Spot: s, Urgency: u}
	}
	strict := heat()
	strict.AtOnce = hub.UrgencyCritical
	running := &warning.Warning{Cases: 9, Told: 5}
	for name, v := range map[string]struct {
		p    warning.Policy
		r    warning.Report
		pic  warning.Picture
		want warning.Step
	}{
		"four are not enough":                   {heat(), at(named, ""), warning.Picture{Recent: 4}, warning.Nothing},
		"five are one event":                    {heat(), at(named, ""), warning.Picture{Recent: 5}, warning.Open},
		"a community takes twice as many":       {heat(), at(wide, ""), warning.Picture{Recent: 9}, warning.Nothing},
		"and then is one":                       {heat(), at(wide, ""), warning.Picture{Recent: 10}, warning.Open},
		"a large compound is used to three":     {heat(), at(named, ""), warning.Picture{Recent: 8, Before: 3 * 12 * 14}, warning.Nothing},
		"but not to nine":                       {heat(), at(named, ""), warning.Picture{Recent: 9, Before: 3 * 12 * 14}, warning.Open},
		"twice as many as told: tell again":     {heat(), at(named, ""), warning.Picture{Recent: 10, Open: running}, warning.Grow},
		"one more of a running one":             {heat(), at(named, ""), warning.Picture{Recent: 7, Open: &warning.Warning{Cases: 6, Told: 5}}, warning.Join},
		"a critical one by itself":              {strict, at(named, hub.UrgencyCritical), warning.Picture{Recent: 1}, warning.Open},
		"an urgent one is not critical":         {strict, at(named, hub.UrgencyUrgent), warning.Picture{Recent: 1}, warning.Nothing},
		"a critical one makes a running one so": {strict, at(named, hub.UrgencyCritical), warning.Picture{Open: &warning.Warning{Cases: 6, Told: 5}}, warning.Grow},
	} {
		got, why := v.p.Judge(v.r, v.pic)
		if got != v.want || got == warning.Open && why == "" {
			t.Errorf("%s: step %d %q, want %d", name, got, why, v.want)
		}
	}
	if _, why := heat().Judge(at(named, ""), warning.Picture{Recent: 9, Before: 3 * 12 * 14}); !strings.Contains(why, "9件") || !strings.Contains(why, "平时同样时间约3件") {
		t.Error(why)
	}
}

func TestPolicyValidate(t *testing.T) {
	for name, spoil := range map[string]func(*warning.Policy){
		"no topic":           func(p *warning.Policy) { p.Topic = "" },
		"nobody to tell":     func(p *warning.Policy) { p.Departments = nil },
		"one is an event":    func(p *warning.Policy) { p.Least = 1 },
		"no window":          func(p *warning.Policy) { p.Window = 0 },
		"never quiet":        func(p *warning.Policy) { p.Quiet = 0 },
		"less than usual":    func(p *warning.Policy) { p.Factor = 0.5 },
		"a baseline too new": func(p *warning.Policy) { p.Baseline = time.Hour },
	} {
		p := heat()
		if spoil(&p); hub.CodeOf(p.Validate()) != hub.CodeInvalid {
			t.Errorf("%s: taken", name)
		}
	}
	if err := heat().Validate(); err != nil {
		t.Error(err)
	}
}

func TestSpellingsOfOneSpot(t *testing.T) {
	r := warning.NewReader(func(p hub.PlaceCode) string {
		if p == "620402001002" {
			return "五星街社区"
		}
		return ""
	})
	for text, want := range map[string]string{
		"白银区铜城花园3号楼不热": "铜城花园", "我们铜城花园小区停暖": "铜城花园", "家住世纪小区12栋": "世纪", "暖气不热": "@620402001002",
		"西区换热站坏了": "西区换热站",
	} {
		if got := r.Spot(hub.Content{Text: text}, "620402001002-3"); got.Key != want {
			t.Errorf("%s: %+v, want %s", text, got, want)
		}
	}
	if got := r.Spot(hub.Content{Text: "暖气不热"}, "620402"); got.Key != "" {
		t.Errorf("a whole county: %+v", got)
	}
	for _, v := range []struct {
		a, b string
		same bool
	}{{"铜城花园", "滨河铜城花园", true}, {"世纪", "新世纪", false}, {"@620402001002", "@620402001003", false}, {"铜城花园", "铜城家园", false}} {
		if warning.Same(v.a, v.b) != v.same || warning.Same(v.b, v.a) != v.same {
			t.Errorf("%s and %s: same %v", v.a, v.b, !v.same)
		}
	}
}
