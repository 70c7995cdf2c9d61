package duplicate_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/duplicate"
)

var evening = time.Date(2026, 11, 24, 19, 0, 0, 0, time.UTC)

// cold is a citizen's report from a QR code of a cold compound.
func cold() duplicate.Report {
	return duplicate.Report{
		Title: "家里暖气不热", Text: "朝阳小区3号楼暖气冰凉三天了，室温只有12度，家里有老人和孩子，请尽快处理",
		Place: "620402001002", Phone: "13900000001", Topic: "heating", At: evening,
	}
}

func TestTheSameMatterByAnotherChannel(t *testing.T) {
	hotline := duplicate.Report{
		Title: "朝阳小区供暖问题", Text: "市民来电反映：朝阳小区3号楼暖气冰凉已经三天，室温12度，希望相关部门尽快解决。",
		Place: "620402001002", Phone: "139-0000-0001", Topic: "heating", At: evening.Add(2 * time.Hour),
	}
	neighbour := duplicate.Report{
		Title: "暖气冰凉", Text: "朝阳小区3号楼2单元暖气冰凉，三天了没人管，室温只有13度", Place: "620402001002",
		Topic: "heating", At: evening.Add(time.Hour),
	}
	for name, other := range map[string]duplicate.Report{"the hotline": hotline, "a neighbour": neighbour} {
		if l := duplicate.Compare(cold(), other); l.Score < 0.55 || len(l.Reasons) < 3 {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestAnotherMatterIsNotSuggested(t *testing.T) {
	road := duplicate.Report{
		Title: "路灯不亮", Text: "朝阳小区门口人行道的路灯坏了一周，晚上看不见路", Place: "620402001002",
		Phone: "13800000002", At: evening,
	}
	far := cold()
	far.Place, far.Phone = "620421100201", ""
	far.Text, far.Title = "我们村的自来水三天没有来了，老人孩子没水喝", "停水三天"
	old := cold()
	old.At = evening.AddDate(0, 0, -45)
	for name, other := range map[string]duplicate.Report{"a street lamp": road, "water in a far village": far, "a year's old pipe": old} {
		if l := duplicate.Compare(cold(), other); l.Score >= duplicate.Suggest {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestCompareIsSymmetricAndBounded(t *testing.T) {
	report := rapid.Custom(func(t *rapid.T) duplicate.Report {
		return duplicate.Report{
			Title: rapid.StringOfN(rapid.SampledFrom([]rune("暖气水路灯3号楼，。 a")), 0, 8, -1).Draw(t, "title"),
			Text:  rapid.StringOfN(rapid.SampledFrom([]rune("暖气水路灯不热坏了3号楼，。 a")), 0, 30, -1).Draw(t, "text"),
			Place: rapid.SampledFrom([]hub.PlaceCode{"", "620402", "620402001002", "620402001003"}).Draw(t, "place"),
			Phone: rapid.SampledFrom([]string{"", "139", "13900000001"}).Draw(t, "phone"),
			At:    evening.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "hours")) * time.Hour),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := report.Draw(t, "a"), report.Draw(t, "b")
		x, y := duplicate.Compare(a, b), duplicate.Compare(b, a)
		if x.Score != y.Score || x.Score < 0 || x.Score > 1 {
			t.Fatalf("%v and %v", x, y)
		}
	})
}

// cases is a small town's worth of stored cases.
type cases map[hub.CaseID]duplicate.Report

func (m cases) Case(_ context.Context, id hub.CaseID) (hub.Case, hub.Submission, error) {
	r, ok := m[id]
	if !ok {
		return hub.Case{}, hub.Submission{}, hub.Errorf(hub.CodeNotFound, "case.not_found", string(id))
	}
	c := hub.Case{ID: id, Status: hub.StatusAssigned, Place: r.Place, OpenedAt: r.At, Class: hub.Class{Topic: r.Topic}}
	return c, hub.Submission{Content: hub.Content{Title: r.Title, Text: r.Text, Reporter: hub.Reporter{Phone: r.Phone}}}, nil
}

func (m cases) Cases(ctx context.Context, f hub.Filter) ([]hub.Summary, error) {
	var out []hub.Summary
	for id, r := range m {
		if r.Place.Within(f.Place) {
			c, _, _ := m.Case(ctx, id)
			out = append(out, hub.Summary{Case: c, Title: r.Title})
		}
	}
	return out, nil
}

func TestFinderShowsTheLikestFirst(t *testing.T) {
	again := cold()
	again.At = evening.Add(time.Hour)
	neighbour := cold()
	neighbour.Phone, neighbour.Text = "13800000003", "朝阳小区3号楼暖气不热，室温才14度"
	lamp := duplicate.Report{Title: "路灯不亮", Text: "人行道的路灯坏了", Place: "620402001002", At: evening}
	f := duplicate.New(cases{"BY1": cold(), "BY2": neighbour, "BY3": again, "BY4": lamp})
	got, err := f.Like(t.Context(), "BY1", 5)
	if err != nil || len(got) != 2 || got[0].ID != "BY3" || got[1].ID != "BY2" {
		t.Errorf("like BY1: %+v, %v", got, err)
	}
	if _, err := f.Like(t.Context(), "BY9", 5); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("like none: %v", err)
	}
}

// TestRealMessages reads real messages, where there are some: reports of
// different matters are hardly ever suggested as one.
func TestRealMessages(t *testing.T) {
	f, err := os.Open("../../../shared/data/labelled.jsonl")
	if err != nil {
		t.Skip("no real messages beside this checkout: ", err)
	}
	defer func() { _ = f.Close() }()
	var all []duplicate.Report
	for lines := bufio.NewScanner(f); lines.Scan() && len(all) < 200; {
		var m map[string]any
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		title, _ := m["留言主题"].(string)
		text, _ := m["留言详情"].(string)
		all = append(all, duplicate.Report{Title: title, Text: text, At: evening})
	}
	pairs, suggested := 0, 0
	for i := range all {
		for j := range i {
			pairs++
			if duplicate.Compare(all[i], all[j]).Score >= duplicate.Suggest {
				suggested++
				if suggested <= 10 {
					t.Logf("%s ~ %s", all[i].Title, all[j].Title)
				}
			}
		}
	}
	t.Logf("%d of %d pairs suggested", suggested, pairs)
	if suggested*1000 > pairs {
		t.Errorf("%d of %d pairs suggested: more than one in a thousand", suggested, pairs)
	}
}

// A second call within a day, and a petition brought before, are said to be
// that; the same person with another matter is not.
func TestCalledAgainAndPetitionedBefore(t *testing.T) {
	again := cold()
	again.At = evening.Add(23 * time.Hour)
	later := cold()
	later.At = evening.Add(25 * time.Hour)
	before := cold()
	before.IDNumber, before.At = "62040219800101123X", evening.AddDate(0, -6, 0)
	me := cold()
	me.IDNumber = "62040219800101123x"
	other := me
	other.Title, other.Text, other.Topic, other.At = "工资拖欠", "工地拖欠我三个月工资一直不发", "wages", before.At
	says := func(l duplicate.Likeness, word string) bool {
		return strings.Contains(strings.Join(l.Reasons, " "), word)
	}
	if l := duplicate.Compare(cold(), again); !says(l, "再次来电") || l.Score < duplicate.Suggest {
		t.Errorf("within a day: %+v", l)
	}
	if l := duplicate.Compare(cold(), later); says(l, "再次来电") {
		t.Errorf("a day later: %+v", l)
	}
	if l := duplicate.Compare(me, before); !says(l, "第十九条") || l.Score < duplicate.Suggest {
		t.Errorf("petitioned before: %+v", l)
	}
	if l := duplicate.Compare(before, other); says(l, "第十九条") || l.Score >= duplicate.Suggest {
		t.Errorf("another matter: %+v", l)
	}
}
