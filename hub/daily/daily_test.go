package daily_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/daily"
)

var cst = time.FixedZone("CST", 8*3600)

func TestALoopRunsOnceADayAndCatchesUp(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, cst)
	var ran []string
	fail := false
	at, err := daily.ParseTime("08:30")
	if err != nil {
		t.Fatal(err)
	}
	job := daily.Job{Name: "x", At: at, Do: func(_ context.Context, at time.Time) error {
		if fail {
			return errors.New("disk full")
		}
		ran = append(ran, at.Format("02 15:04"))
		return nil
	}}
	l := &daily.Loop{Jobs: []daily.Job{job}, Clock: hub.ClockFunc(func() time.Time { return now }), Log: slog.New(slog.DiscardHandler)}
	for _, step := range []time.Duration{0, 31 * time.Minute, time.Minute, time.Hour, 23 * time.Hour} {
		now = now.Add(step)
		l.Step(t.Context())
	}
	if got := strings.Join(ran, ","); got != "22 08:30,23 08:30" {
		t.Errorf("ran %s", got)
	}
	fail = true
	now = time.Date(2026, 11, 24, 9, 0, 0, 0, cst)
	l.Step(t.Context())
	fail = false
	now = now.Add(time.Hour)
	l.Step(t.Context()) // tried again after the failure
	now = time.Date(2026, 11, 25, 20, 0, 0, 0, cst)
	l.Step(t.Context()) // too late for the 25th
	if got := strings.Join(ran, ","); got != "22 08:30,23 08:30,24 08:30" {
		t.Errorf("ran %s", got)
	}
	for _, s := range []string{"", "25:00", "8", "08:60"} {
		if _, err := daily.ParseTime(s); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestDigest(t *testing.T) {
	at := time.Date(2026, 11, 22, 8, 30, 0, 0, cst)
	first := []hub.Summary{
		{Case: hub.Case{ID: "BY1039", Status: hub.StatusHandling}, Title: "暖气不热，电话13912341234", Due: at.Add(-time.Hour)},
		{Case: hub.Case{ID: "BY0001", Status: hub.StatusHandling}, Title: "没有时限"},
	}
	var filed []hub.Alert
	told := 0
	d := daily.Digests{
		Departments: []hub.DepartmentCode{"heating", "gas"},
		Standings: func(context.Context, time.Time, int) (map[hub.DepartmentCode]daily.Standing, error) {
			return map[hub.DepartmentCode]daily.Standing{
				"heating": {States: map[hub.Status]int{hub.StatusHandling: 1000, hub.StatusAssigned: 40}, Overdue: 519, First: first},
			}, nil
		},
		File:   func(_ context.Context, as []hub.Alert, _ time.Time) error { filed = append(filed, as...); return nil },
		Notify: func(hub.DepartmentCode) { told++ },
	}
	for range 2 {
		if err := d.Do(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	a := filed[0]
	if len(filed) != 2 || filed[0].ID != filed[1].ID || a.ID != "D20261122.1.heating" || a.Event != hub.Digested || told != 2 {
		t.Errorf("filed %d, %s, told %d", len(filed), a.ID, told)
	}
	if a.Content.Extra["open"] != "1040" || a.Content.Extra["overdue"] != "519" || !strings.Contains(a.Content.Text, "其余 1038 件") ||
		!strings.Contains(a.Content.Text, "1. BY1039") || !strings.Contains(a.Content.Text, "未办结 1040 件，其中超期 519 件，已派单 40 件，") || strings.Contains(a.Content.Text, "13912341234") {
		t.Errorf("%+v\n%.600s", a.Content.Extra, a.Content.Text)
	}
}

func TestShare(t *testing.T) {
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, cst)
	fail := false
	rows := func(_ context.Context, from, to time.Time, each func(daily.Row) error) error {
		if !from.Equal(time.Date(2026, 11, 22, 0, 0, 0, 0, cst)) || to.Sub(from) != 24*time.Hour {
			t.Errorf("asked from %v to %v", from, to)
		}
		for i := range 3 {
			if fail && i == 2 {
				return errors.New("server gone")
			}
			if err := each(daily.Row{ID: hub.CaseID(fmt.Sprintf("BY%d", i)), Title: "=cmd|' /C calc'!A0 13912341234", OpenedAt: from}); err != nil {
				return err
			}
		}
		return nil
	}
	for _, format := range []string{"csv", "jsonl"} {
		s := daily.Share{Name: "宣传部", Dir: t.TempDir(), Format: format, Rows: rows}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(s.Dir, "cases-2026-11-22."+format)
		fail = true
		if err := s.Do(t.Context(), at); err == nil {
			t.Error("a failure is hidden")
		}
		if left, _ := filepath.Glob(filepath.Join(s.Dir, "*")); len(left) != 0 {
			t.Errorf("after a failure: %v", left)
		}
		fail = false
		for range 2 {
			if err := s.Do(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		body, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(body), "13912341234") || strings.Count(string(body), "\n") != map[string]int{"csv": 4, "jsonl": 3}[format] {
			t.Errorf("%v %s", err, body)
		}
		if format == "csv" && (!strings.HasPrefix(string(body), "\ufeff事项编号") || !strings.Contains(string(body), "'=cmd")) {
			t.Errorf("%s", body)
		}
		sum, err := os.ReadFile(file + ".sha256")
		if err != nil || !strings.HasSuffix(string(sum), "  cases-2026-11-22."+format+"\n") || len(sum) < 66 {
			t.Errorf("%s, %v", sum, err)
		}
	}
	for _, s := range []daily.Share{{}, {Name: "x", Dir: "rel", Format: "csv"}, {Name: "x", Dir: "/x", Format: "xls"}} {
		if hub.CodeOf(s.Validate()) != hub.CodeInvalid {
			t.Errorf("%+v is taken", s)
		}
	}
	gone := daily.Share{Name: "x", Dir: filepath.Join(t.TempDir(), "gone"), Format: "csv", Rows: rows}
	if err := gone.Do(t.Context(), at); err == nil {
		t.Error("a folder that is gone is made up")
	}
}
