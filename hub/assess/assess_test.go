package assess_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/assess"
	"github.com/mashang-hub/mashang/hub/poster"
)

func formulas(t *testing.T) *assess.Formulas {
	t.Helper()
	data, err := os.ReadFile("../../configs/baiyin/assess.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := assess.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func noon() time.Time { return time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC) }

// month is the cases of three departments: 20 of heating all well, 20 of
// housing half closed, 2 of gas all badly.
func month() []assess.Fact {
	var out []assess.Fact
	add := func(d hub.DepartmentCode, n int, f assess.Fact) {
		for i := range n {
			f.Case, f.Department, f.OpenedAt = hub.CaseID(fmt.Sprintf("%s%d", d, i)), d, noon()
			f.Place, f.Channel, f.Category = "620402001003", "qr", "城乡建设"
			out = append(out, f)
		}
	}
	good := assess.Fact{Accepted: true, Closed: true, OnTime: true, Rated: true, Stars: 5, Satisfied: true}
	add("heating", 20, good)
	add("housing", 10, good)
	add("housing", 10, assess.Fact{Accepted: true, SentBack: 1})
	add("gas", 2, assess.Fact{Accepted: true, Rated: true, Stars: 1})
	return out
}

func TestEvaluateCountsAndRanks(t *testing.T) {
	table, err := formulas(t).Evaluate(month(), assess.ByDepartment)
	if err != nil || len(table.Rows) != 3 {
		t.Fatalf("%+v, %v", table, err)
	}
	heating, housing, gas := table.Rows[0], table.Rows[1], table.Rows[2]
	if heating.Value != "heating" || heating.Score != 100 || heating.List != "red" || heating.Rates["closing"].Value != 1 {
		t.Errorf("%+v", heating)
	}
	if r := housing.Rates["closing"]; housing.Value != "housing" || r.Numerator != 10 || r.Denominator != 20 || r.Value != 0.5 || housing.List != "black" {
		t.Errorf("%+v", housing)
	}
	if gas.Value != "gas" || gas.List != "" || !gas.Small || !gas.Rates["satisfaction"].Small {
		t.Errorf("two cases put on a list: %+v", gas)
	}
	if r := heating.Rates["sent_back"]; r.Numerator != 0 || r.Denominator != 20 {
		t.Errorf("%+v", r)
	}
}

// TestEveryNumberOpensItsList compares each number with the list behind it.
func TestEveryNumberOpensItsList(t *testing.T) {
	f, facts := formulas(t), month()
	for _, by := range assess.Dimensions() {
		table, err := f.Evaluate(facts, by)
		if err != nil || len(table.Rows) == 0 {
			t.Fatal(by, err)
		}
		for _, row := range table.Rows {
			for code, rate := range row.Rates {
				over, err1 := f.Behind(facts, by, row.Value, code, true)
				under, err2 := f.Behind(facts, by, row.Value, code, false)
				if err1 != nil || err2 != nil || len(over) != rate.Numerator || len(under) != rate.Denominator {
					t.Errorf("%s %s %s: %d/%d behind %+v", by, row.Value, code, len(over), len(under), rate)
				}
			}
		}
	}
	if _, err := f.Behind(facts, assess.ByAll, "all", "luck", true); hub.CodeOf(err) != hub.CodeInvalid {
		t.Error(err)
	}
}

func TestAGrantedAppealTakesTheCaseOut(t *testing.T) {
	facts := month()
	facts[20+10].Spared = []string{"closing"} // one of housing's open cases
	table, err := formulas(t).Evaluate(facts, assess.ByDepartment)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range table.Rows {
		if row.Value == "housing" && (row.Rates["closing"].Denominator != 19 || row.Rates["sent_back"].Denominator != 20) {
			t.Errorf("%+v", row.Rates)
		}
	}
}

func TestRepeatsAreTheSamePersonAndMatterInAMonth(t *testing.T) {
	facts := []assess.Fact{
		{Who: "a", Topic: "heating", OpenedAt: noon()},
		{Who: "a", Topic: "heating", OpenedAt: noon().AddDate(0, 0, 20)},
		{Who: "b", Topic: "heating", OpenedAt: noon().AddDate(0, 0, 21)},
		{Who: "a", Topic: "property", OpenedAt: noon().AddDate(0, 0, 22)},
		{Topic: "heating", OpenedAt: noon().AddDate(0, 0, 23)},
		{Who: "a", Topic: "heating", OpenedAt: noon().AddDate(0, 0, 60)},
	}
	assess.MarkRepeats(facts)
	for i, want := range []bool{false, true, false, false, false, false} {
		if facts[i].Repeat != want {
			t.Errorf("fact %d: %v", i, facts[i].Repeat)
		}
	}
}

func TestBadFormulasAreRefused(t *testing.T) {
	data, err := os.ReadFile("../../configs/baiyin/assess.yaml")
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	for name, text := range map[string]string{
		"not YAML": "{", "unknown field": good + "\nluck: 1\n", "unknown fact": strings.Replace(good, "counts: closed,", "counts: lucky,", 1),
		"a number": strings.Replace(good, "counts: closed,", "counts: stars,", 1), "a loop": strings.Replace(good, "counts: closed,", "counts: 'all(1..9, true)',", 1),
		"no version": strings.Replace(good, `version: "2026-11"`, `version: ""`, 1), "no direction": strings.Replace(good, "better: high", "better: up", 1),
		"score of nothing": strings.Replace(good, "30 * closing", "30 * luck", 1), "twice": strings.Replace(good, "code: on_time", "code: closing", 1),
	} {
		if _, err := assess.Parse([]byte(text)); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func report(t *testing.T) assess.Report {
	t.Helper()
	f := formulas(t)
	r := assess.Report{City: "白银市", Formulas: f, Name: func(_ assess.Dimension, v string) string { return "名称 " + v }}
	for _, by := range assess.Dimensions() {
		table, err := f.Evaluate(month(), by)
		if err != nil {
			t.Fatal(err)
		}
		table.Since, table.Until = noon(), noon().AddDate(0, 1, 0)
		r.Tables = append(r.Tables, table)
	}
	return r
}

func TestWorkbookComputesItsRatios(t *testing.T) {
	data, err := report(t).XLSX()
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.GetSheetList(); len(got) != 7 || got[1] != "按部门" || got[6] != "口径" {
		t.Errorf("sheets %v", got)
	}
	if formula, err := f.GetCellFormula("按部门", "E5"); err != nil || formula != `IF(D5=0,"",C5/D5)` {
		t.Errorf("%q, %v", formula, err)
	}
	if v, err := f.CalcCellValue("按部门", "E5", excelize.Options{RawCellValue: true}); err != nil || v != "0.5" {
		t.Errorf("housing's closing rate is %q, %v", v, err)
	}
	if !bytes.Contains(data, []byte("xl/charts/chart1.xml")) {
		t.Error("no chart")
	}
}

func TestPDFIsPrinted(t *testing.T) {
	data, err := report(t).PDF(poster.Font())
	if err != nil || !bytes.HasPrefix(data, []byte("%PDF-")) || bytes.Count(data, []byte("/Type /Page\n")) < 6 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if dir := os.Getenv("MASHANG_KEEP"); dir != "" { // to look at
		if err := os.WriteFile(dir+"/report.pdf", data, 0o600); err != nil {
			t.Error(err)
		}
	}
}

func records() []assess.Record {
	return []assess.Record{{
		Case: hub.Case{ID: "BY1", Status: hub.StatusResolved, OpenedAt: noon(), ClosedAt: noon().Add(90 * time.Minute)},
		Content: hub.Content{
			Title: "=HYPERLINK(\"http://evil\",\"点我\")", Text: "我是欧阳暗语 19912345678",
			Reporter: hub.Reporter{Name: "欧阳暗语", Phone: "19912345678"}, PlaceText: "幸福小区3号楼502",
		},
		Reply: "已回复欧阳暗语",
	}}
}

func words() assess.Words {
	return assess.Words{
		Department: func(d hub.DepartmentCode) string { return string(d) }, Channel: func(c hub.ChannelCode) string { return string(c) },
		Place: func(p hub.PlaceCode) string { return string(p) }, Word: func(_, code string) string { return code },
	}
}

func TestExportsAreMaskedAndHarmless(t *testing.T) {
	columns, err := assess.Pick([]string{"id", "title", "text", "hours", "reply", "name", "phone", "address"})
	if err != nil {
		t.Fatal(err)
	}
	data, err := assess.CSV(records(), columns, words(), false)
	if err != nil || strings.Contains(string(data), "暗语") || strings.Contains(string(data), "19912345678") || strings.Contains(string(data), "502") {
		t.Errorf("%s, %v", data, err)
	}
	if !strings.Contains(string(data), `"'=HYPERLINK(`) || !strings.Contains(string(data), ",1.5,") {
		t.Errorf("%s", data)
	}
	data, err = assess.CSV(records(), columns, words(), true)
	if err != nil || !strings.Contains(string(data), "19912345678") {
		t.Errorf("%s, %v", data, err)
	}
	data, err = assess.Workbook(records(), columns, words(), false)
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := f.GetCellValue("办结事项", "B2"); !strings.HasPrefix(v, "'=") {
		t.Errorf("title cell %q", v)
	}
	if formula, _ := f.GetCellFormula("办结事项", "B2"); formula != "" {
		t.Errorf("a formula: %q", formula)
	}
	if all, err := assess.Pick(nil); err != nil || len(all) != 16 {
		t.Errorf("%d columns, %v", len(all), err)
	}
	if _, err := assess.Pick([]string{"password"}); hub.CodeOf(err) != hub.CodeInvalid {
		t.Error(err)
	}
}
