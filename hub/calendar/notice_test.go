package calendar_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/calendar"
)

// The texts are those of the notices, as they are pasted.
const notice2026 = `国务院办公厅关于2026年部分节假日安排的通知
国办发明电〔2025〕7号
https://www.gov.cn/zhengce/zhengceku/202511/content_7047091.htm
各省、自治区、直辖市人民政府，国务院各部委、各直属机构：
经国务院批准，现将2026年元旦、春节、清明节、劳动节、端午节、中秋节和国庆节放假调休日期的具体安排通知如下。
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
节假日期间，各地区、各部门要妥善安排好值班和安全、保卫、疫情防控等工作。
国务院办公厅
2025年11月4日
`

const notice2023 = `国务院办公厅关于2023年部分节假日安排的通知
一、元旦：2022年12月31日至2023年1月2日放假调休，共3天。
二、春节：1月21日至27日放假调休，共7天。1月28日（星期六）、1月29日（星期日）上班。
三、清明节：4月5日放假，共1天。
四、劳动节：4月29日至5月3日放假调休，共5天。4月23日（星期日）、5月6日（星期六）上班。
五、端午节：6月22日至24日放假调休，共3天。6月25日（星期日）上班。
六、中秋节、国庆节：9月29日至10月6日放假调休，共8天。10月7日（星期六）、10月8日（星期日）上班。
2022年12月8日
`

// A pasted notice gives the same days as the file that ships with the city.
func TestNoticeReadsAsTheFile(t *testing.T) {
	for name, text := range map[string]string{"2026": notice2026, "2023": notice2023} {
		got, err := calendar.ParseNotice(text)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile("../../configs/baiyin/calendar/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		want, err := calendar.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if got.Year != want.Year || len(got.Days) != len(want.Days) {
			t.Fatalf("%s: %d days of %d, want %d of %d", name, len(got.Days), got.Year, len(want.Days), want.Year)
		}
		for i, d := range got.Days {
			if w := want.Days[i]; d.Date != w.Date || d.IsOff != w.IsOff {
				t.Errorf("%s: %+v, want %+v", name, d, w)
			}
		}
	}
}

func TestNoticeRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"各省、自治区": "calendar.no_year",
		"关于2027年部分节假日安排的通知\n通知如下。":                             "calendar.no_days",
		strings.Replace(notice2026, "1月4日（周日）", "1月4日（周六）", 1): "calendar.weekday",
	} {
		_, err := calendar.ParseNotice(text)
		if hub.CodeOf(err) != hub.CodeInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30s: %v, want %s", text, err, want)
		}
	}
}

func TestExplainCountsDayByDay(t *testing.T) {
	c := baiyin(t)
	e := c.Explain(at(t, "2026-09-30 10:00"), hub.Budget{N: 5, Unit: hub.WorkingDay})
	if len(e.Lines) != 14 || !e.Due.Equal(at(t, "2026-10-13 18:00")) || e.Provisional {
		t.Fatalf("%d lines, due %v", len(e.Lines), e.Due)
	}
	for _, l := range e.Lines {
		switch l.Date {
		case "2026-09-30":
			if l.Count != 0 || !l.Works {
				t.Errorf("the day of start: %+v", l)
			}
		case "2026-10-01":
			if l.Works || l.Holiday != "国庆节" || l.Weekday != "周四" {
				t.Errorf("a holiday: %+v", l)
			}
		case "2026-10-10":
			if !l.Works || l.Count != 3 || l.Weekday != "周六" {
				t.Errorf("a make-up day: %+v", l)
			}
		case "2026-10-13":
			if l.Count != 5 {
				t.Errorf("the last day: %+v", l)
			}
		}
	}
	if e := c.Explain(at(t, "2026-12-30 10:00"), hub.Budget{N: 5, Unit: hub.WorkingDay}); !e.Provisional || !e.Lines[3].Provisional {
		t.Errorf("a year that is not published: %+v", e)
	}
}

// A department with a pause at noon, half a day on New Year's eve, and budgets
// in working hours.
func TestHours(t *testing.T) {
	h, err := calendar.ParseHours("08:30-12:00,14:30-18:00")
	if err != nil || h.String() != "08:30-12:00,14:30-18:00" {
		t.Fatalf("%v, %v", h, err)
	}
	c := baiyin(t).With(h, map[string]int{"2026-12-31": 12 * 60})
	for _, v := range []struct{ start, budget, want string }{
		{"2026-11-23 11:00", "2wh", "2026-11-23 15:30"},
		{"2026-11-23 17:00", "2工作小时", "2026-11-24 09:30"},
		{"2026-11-21 10:00", "7wh", "2026-11-23 18:00"},
		{"2026-12-30 10:00", "1wd", "2026-12-31 12:00"},
		{"2026-12-31 09:00", "当日", "2026-12-31 12:00"},
	} {
		b, err := hub.ParseBudget(v.budget)
		if err != nil {
			t.Fatal(err)
		}
		if due, _ := c.Due(at(t, v.start), b); !due.Equal(at(t, v.want)) {
			t.Errorf("%s + %s = %v, want %s", v.start, v.budget, due.Format(time.DateTime), v.want)
		}
	}
	if c.Open(at(t, "2026-11-23 13:00")) || !c.Open(at(t, "2026-11-23 15:00")) || c.Open(at(t, "2026-12-31 13:00")) {
		t.Error("the pause at noon and the half day are not kept")
	}
	if !baiyin(t).Open(at(t, "2026-11-23 13:00")) {
		t.Error("other calendars changed with it")
	}
	for _, bad := range []string{"", "8", "18:00-08:00", "08:00-12:00,11:00-18:00", "00:00-25:00"} {
		if _, err := calendar.ParseHours(bad); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%q was accepted", bad)
		}
	}
}
