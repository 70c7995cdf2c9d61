package warnings_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/bus"
	"github.com/mashang-hub/mashang/hub/postgres"
	"github.com/mashang-hub/mashang/hub/postgres/cases"
	"github.com/mashang-hub/mashang/hub/postgres/pgtest"
	"github.com/mashang-hub/mashang/hub/postgres/warnings"
	"github.com/mashang-hub/mashang/hub/warning"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var evening = time.Date(2026, 12, 2, 11, 0, 0, 0, time.UTC) // seven o'clock in Baiyin

// A town hands in cases and watches them.
type town struct {
	*testing.T
	db    *postgres.DB
	store *warnings.Store
	watch *warning.Watch
	now   time.Time
	n     int
}

func heat() warning.Policy {
	return warning.Policy{
		Topic: "heating", Name: "供暖", Departments: []hub.DepartmentCode{"heating", "housing"}, Window: 2 * time.Hour, Least: 5,
		Factor: 3, Baseline: 14 * 24 * time.Hour, Quiet: 6 * time.Hour,
	}
}

func wages() warning.Policy {
	p := heat()
	p.Topic, p.Name, p.Departments, p.AtOnce = "wage_arrears", "欠薪", []hub.DepartmentCode{"labor"}, hub.UrgencyCritical
	return p
}

func newTown(t *testing.T) *town {
	t.Helper()
	db := pgtest.Open(t)
	v := &town{T: t, db: db, store: warnings.New(db), now: evening}
	names := map[hub.PlaceCode]string{"620402001001": "中心街社区", "620402001002": "五星街社区"}
	reader := warning.NewReader(func(p hub.PlaceCode) string { return names[p] })
	watch, err := warning.New(v.store, []warning.Policy{heat(), wages()}, reader, bus.Alerts,
		hub.ClockFunc(func() time.Time { return v.now }), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	v.watch = watch
	return v
}

type daily struct{}

func (daily) Due(start time.Time, b hub.Budget) (time.Time, bool) {
	return start.Add(time.Duration(b.N) * time.Hour), false
}

func (daily) Shift(due, from, to time.Time, _ hub.Unit) (time.Time, bool) {
	return due.Add(to.Sub(from)), false
}

// A report is what one citizen says.
type report struct {
	at    time.Time
	text  string
	place hub.PlaceCode
}

// says hands in one case and lets the watch see it.
func (v *town) says(at time.Time, text string, place hub.PlaceCode, class hub.Class) {
	v.Helper()
	v.say(class, report{at, text, place})
}

// say stores all reports at once and lets the watch see them in turn.
func (v *town) say(class hub.Class, all ...report) {
	v.Helper()
	var batch []hub.Opening
	for _, r := range all {
		v.n++
		id := hub.CaseID(fmt.Sprintf("BY%04d", v.n))
		s := hub.Submission{
			Case: id, Receipt: hub.ReceiptID("r_" + id), Channel: "qr", ExternalID: string(id), Place: r.place,
			SubmittedAt: r.at, ReceivedAt: r.at, Content: hub.Content{Title: "供暖", Text: r.text},
		}
		cmd := hub.Receive{Submission: s, Decision: hub.Decision{Class: class, Lead: "heating"}}
		events, err := hub.Decide(hub.Case{}, cmd, hub.Facts{Calendar: daily{}}, r.at)
		if err != nil {
			v.Fatal(err)
		}
		row := hub.Case{}
		for _, e := range events {
			row = hub.Apply(row, e)
		}
		batch = append(batch, hub.Opening{Submission: s, Case: row, Events: events})
	}
	if _, err := cases.New(v.db).InsertCases(context.Background(), batch); err != nil {
		v.Fatal(err)
	}
	for _, o := range batch {
		v.now = o.Case.OpenedAt
		for range 2 { // the bus may bring an event twice
			if err := v.watch.See(context.Background(), o.Events); err != nil {
				v.Fatal(err)
			}
		}
	}
}

func (v *town) warnings(open bool) []warning.Warning {
	v.Helper()
	all, err := v.store.Warnings(context.Background(), open, 100)
	if err != nil {
		v.Fatal(err)
	}
	return all
}

// pushed empties the outbox and returns what a department was told.
func (v *town) pushed(d hub.DepartmentCode) []string {
	v.Helper()
	var texts []string
	for {
		n, err := v.db.RelayOutbox(context.Background(), 1000, func(out []hub.Outgoing) error {
			for _, o := range out {
				if o.Topic == bus.Alerts(d) {
					texts = append(texts, string(o.Payload))
				}
			}
			return nil
		})
		if err != nil {
			v.Fatal(err)
		}
		if n == 0 {
			return texts
		}
	}
}

// spellings are how the people of a compound write where they live.
func spellings(compound string) []string {
	return []string{
		"我家住%s%d号楼%d单元，", "%s%d栋%d单元，", "白银区" + "%s%d号楼%d单元的住户，", "我们%s%d号楼%d单元 ", "领导你好，本人住%s%d幢%d单元，",
	}
}

// troubles are what is wrong, as they write it.
func troubles() []string {
	return []string{
		"暖气冰凉，家里只有12度，老人孩子冻得受不了", "停暖一天了，物业说不知道原因", "暖气片一点不热，打热力公司电话没人接",
		"从昨天晚上开始就不热了，什么时候能恢复？", "室温只有14度，交了全额的取暖费", "整栋楼都不热，邻居都在群里问",
		"管道压力不够，顶楼根本不热", "今年供暖一直不达标，请派人来测温",
	}
}

// TestThreeCompoundsOfOneEvening hands in 240 reports: 200 from three compounds
// that lost their heating, spelt in many ways, among 40 scattered ones.
func TestThreeCompoundsOfOneEvening(t *testing.T) {
	v := newTown(t)
	r := rand.New(rand.NewPCG(7, 2026))
	class := hub.Class{Topic: "heating", Urgency: hub.UrgencyUrgent}
	var all []report
	for i, compound := range []string{"铜城花园", "世纪小区", "银光家园"} {
		for range []int{90, 70, 40}[i] {
			form := spellings(compound)[r.IntN(5)]
			text := fmt.Sprintf(form, compound, 1+r.IntN(20), 1+r.IntN(4)) + troubles()[r.IntN(8)]
			all = append(all, report{evening.Add(time.Duration(r.IntN(180)) * time.Minute), text, "620402001001"})
		}
	}
	for i := range 40 {
		text := fmt.Sprintf("%s小区%d号楼，", string([]rune("东西南北中金银铜铁锡")[i%10])+string([]rune("山河湖海")[i%4])+"苑", 1+i%7) + troubles()[r.IntN(8)]
		all = append(all, report{evening.Add(time.Duration(r.IntN(180)) * time.Minute), text, "620402001001"})
	}
	slices.SortFunc(all, func(a, b report) int { return a.at.Compare(b.at) })
	v.say(class, all...)
	got := map[string]int{}
	for _, w := range v.warnings(true) {
		got[warning.Key(w.Spot)] = w.Cases
	}
	if len(got) != 3 || got["铜城花园"] != 90 || got["世纪"] != 70 || got["银光家园"] != 40 {
		t.Errorf("warnings: %v, want 铜城花园 90, 世纪 70, 银光家园 40", got)
	}
	told := v.pushed("heating")
	opened := 0
	for _, text := range told {
		if strings.Contains(text, "【预警】") {
			opened++
		}
	}
	if opened != 3 || len(told) > 3*6 {
		t.Errorf("%d alerts, %d of them openings", len(told), opened)
	}
	if co := v.pushed("housing"); len(co) != 0 {
		t.Errorf("left over: %v", co) // both were taken at once
	}
}

// TestANormalWinterDayIsQuiet hands in as many reports, from all over the city
// and the whole day.
func TestANormalWinterDayIsQuiet(t *testing.T) {
	v := newTown(t)
	r := rand.New(rand.NewPCG(3, 2026))
	class := hub.Class{Topic: "heating", Urgency: hub.UrgencyUrgent}
	var all []report
	for i := range 240 {
		compound := string([]rune("东西南北中金银铜铁锡")[i%10]) + string([]rune("山河湖海云林")[i/10%6]) + "花园"
		text := fmt.Sprintf(spellings(compound)[r.IntN(5)], compound, 1+r.IntN(20), 1+r.IntN(4)) + troubles()[r.IntN(8)]
		all = append(all, report{evening.Add(time.Duration(i) * 6 * time.Minute), text, ""})
	}
	v.say(class, all...)
	if got := v.warnings(false); len(got) != 0 {
		t.Errorf("warnings: %+v", got)
	}
}

func TestACommunityWithoutACompoundTakesTwiceAsMany(t *testing.T) {
	v := newTown(t)
	for i := range 12 {
		at := evening.Add(time.Duration(i) * time.Minute)
		v.says(at, "家里暖气不热", "620402001002", hub.Class{Topic: "heating"})
		if n := len(v.warnings(true)); (n == 1) != (i >= 9) {
			t.Fatalf("%d reports: %d warnings", i+1, n)
		}
	}
	w := v.warnings(true)[0]
	full, cases, err := v.store.Warning(t.Context(), w.ID)
	if err != nil || full.Spot != "五星街社区" || len(cases) != 12 || cases[0] != "BY0001" {
		t.Errorf("warning %+v of %v, %v", full, cases, err)
	}
}

func TestUnpaidWorkersAreSeenAtOnce(t *testing.T) {
	v := newTown(t)
	v.says(evening, "西区家园工地35名农民工被拖欠工资，准备集体上访", "", hub.Class{Topic: "wage_arrears", Urgency: hub.UrgencyCritical})
	got := v.warnings(true)
	if len(got) != 1 || !got[0].Critical || !strings.Contains(got[0].Why, "特急") {
		t.Fatalf("warnings: %+v", got)
	}
	if told := v.pushed("labor"); len(told) != 1 || !strings.Contains(told[0], `"critical"`) {
		t.Errorf("told %v", told)
	}
}

func TestAWarningEndsWhenItIsQuiet(t *testing.T) {
	v := newTown(t)
	for i := range 6 {
		v.says(evening.Add(time.Duration(i)*time.Minute), "铜城花园不热", "", hub.Class{Topic: "heating"})
	}
	v.pushed("heating")
	v.now = evening.Add(5 * time.Hour)
	if err := v.watch.Tick(t.Context()); err != nil || len(v.warnings(true)) != 1 {
		t.Fatalf("closed too early: %v", err)
	}
	v.now = evening.Add(7 * time.Hour)
	if err := v.watch.Tick(t.Context()); err != nil || len(v.warnings(true)) != 0 {
		t.Fatalf("not closed: %v", err)
	}
	if told := v.pushed("heating"); len(told) != 1 || !strings.Contains(told[0], "预警解除") {
		t.Errorf("told %v", told)
	}
	// A new outage is a new warning.
	for i := range 5 {
		v.says(evening.Add(8*time.Hour+time.Duration(i)*time.Minute), "铜城花园又不热了", "", hub.Class{Topic: "heating"})
	}
	if got := v.warnings(true); len(got) != 1 || got[0].Cases != 5 {
		t.Errorf("warnings: %+v", got)
	}
}

func TestAnUnknownWarning(t *testing.T) {
	v := newTown(t)
	if _, _, err := v.store.Warning(t.Context(), "YJ0"); hub.CodeOf(err) != hub.CodeNotFound {
		t.Error(err)
	}
}
