package office_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/heating"
	"github.com/mashang-hub/mashang/plugins/housing"
	"github.com/mashang-hub/mashang/plugins/labor"
	"github.com/mashang-hub/mashang/plugins/office"
	"github.com/mashang-hub/mashang/plugins/office/officetest"
)

func offices() map[string]*office.Department {
	clock, log := hub.ClockFunc(officetest.Said), slog.New(slog.DiscardHandler)
	return map[string]*office.Department{"heating": heating.New(clock, log), "housing": housing.New(clock, log), "labor": labor.New(clock, log)}
}

// folder configures d to leave every push as a file, and returns the folder.
func folder(t *testing.T, d *office.Department) string {
	t.Helper()
	dir := t.TempDir()
	raw, err := json.Marshal(map[string]string{"kind": "folder", "dir": dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Configure(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	return dir
}

// push hands one alert to d and returns the receipt and what was pushed.
func push(t *testing.T, d *office.Department, a hub.Alert) (hub.Receipt, hub.Alert) {
	t.Helper()
	dir := folder(t, d)
	got, err := d.Deliver(t.Context(), []hub.Alert{a})
	if err != nil || len(got) != 1 || got[0].Outcome != hub.Delivered {
		t.Fatalf("%+v, %v", got, err)
	}
	body, err := os.ReadFile(filepath.Join(dir, string(a.ID)+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var event struct{ Data hub.Alert }
	if err := json.Unmarshal(body, &event); err != nil {
		t.Fatal(err)
	}
	return got[0], event.Data
}

// TestWhatTheHubSaysIsNotReadAsACitizens: a digest that quotes a citizen, a
// gathered notice and an alarm are passed on as they are.
func TestWhatTheHubSaysIsNotReadAsACitizens(t *testing.T) {
	words := hub.Content{Title: "合并推送", Text: "1. 铜城花园3号楼不热，12度，有老人。2. 35名农民工被拖欠工资，要堵路。3. 房产证"}
	for name, d := range offices() {
		for _, e := range []hub.EventType{hub.Gathered, hub.Digested, hub.Endpoint} {
			r, sent := push(t, d, hub.Alert{ID: "n", Case: "N1", Event: e, At: officetest.Said(), Content: words})
			if r.Facts != nil || r.Group != "" || r.Critical || sent.Content.Extra["notice"] != "" || sent.Content.Text != words.Text {
				t.Errorf("%s makes of %s: %+v, %v", name, e, r, sent.Content)
			}
		}
	}
}

// TestAnEarlyWarningIsPresentedAsWhatItIs, with nothing counted by the plugin:
// a new process says the same.
func TestAnEarlyWarningIsPresentedAsWhatItIs(t *testing.T) {
	w := hub.Alert{
		ID: "w", Case: "BY9", Event: hub.EarlyWarning, At: officetest.Said(), Text: "【预警】铜城花园2小时内12件供暖来件",
		Content: hub.Content{Extra: map[string]string{
			hub.WarningID: "YJ261122A1B2C3", hub.WarningSpot: "铜城花园", hub.WarningCases: "12", hub.WarningStep: hub.WarningGrown,
		}},
	}
	for name, d := range offices() {
		r, sent := push(t, d, w)
		if r.Group != "铜城花园" || r.Facts["warning"] != "YJ261122A1B2C3" || r.Facts["cases"] != "12" || sent.Content.Extra["notice"] != w.Text {
			t.Errorf("%s: %+v, %v", name, r, sent.Content.Extra)
		}
		if out := r.Facts["outage"]; (name == "heating") != (out == "true") {
			t.Errorf("%s: outage %q", name, out)
		}
	}
	w.Content.Extra[hub.WarningStep] = hub.WarningClosed
	if r, _ := push(t, offices()["heating"], w); r.Facts["outage"] != "false" {
		t.Errorf("after its end: %+v", r.Facts)
	}
}

// TestTheNoticeSaysWhereWhatSinceWhenWhomAndByWhen in a few short lines, without
// a name or a whole number.
func TestTheNoticeSaysWhereWhatSinceWhenWhomAndByWhen(t *testing.T) {
	by := officetest.Said().Add(2 * time.Hour)
	for name, v := range map[string]struct{ text, want string }{
		"heating": {
			"铜城花园3号楼2单元501室，从11月19日起停暖，家里12度，有80岁老人。",
			"【供热】 铜城花园3号楼2单元501 停暖\n室内 12 度，11-19 起，家有老人\n" +
				"联系反映人（尾号5678，全号见工作台），11-22 20:00 前核查，反馈属实、部分属实或不属实；不归我们的退单",
		},
		"labor": {
			"甘肃宏达建筑工程有限公司拖欠我们35名农民工工资三个月，共计52万元，再不给就堵路",
			"【欠薪】 甘肃宏达建筑工程有限公司\n35 人，52 万元，3 个月\n特急：有聚集苗头：堵路\n" +
				"联系反映人（尾号5678，全号见工作台），11-22 20:00 前核查，反馈属实、部分属实或不属实；不归我们的退单",
		},
		"housing": {
			"世纪小区8号楼电梯困人了，诚信物业公司电话打不通。",
			"【物业管理】 世纪小区8号楼 电梯\n险情：困人，诚信物业公司\n" +
				"联系反映人（尾号5678，全号见工作台），11-22 20:00 前核查，反馈属实、部分属实或不属实；不归我们的退单",
		},
	} {
		a := hub.Alert{ID: "n", Case: "BY1", Event: hub.Assigned, Role: hub.RoleLead, At: officetest.Said(), Content: hub.Content{
			Text: v.text, Reporter: hub.Reporter{Name: "张三丰", Phone: "13912345678"},
			Extra: map[string]string{hub.ExtraCheckBy: by.Format(time.RFC3339)},
		}}
		_, sent := push(t, offices()[name], a)
		got := sent.Content.Extra["notice"]
		if got = strings.Replace(got, "】", "】 ", 1); got != v.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, v.want)
		}
		if len(a.Content.Extra) != 1 {
			t.Errorf("%s changed the alert that it was given", name)
		}
	}
}

func TestAnswersInPlainWords(t *testing.T) {
	for text, want := range map[string]hub.EventType{
		"属实，循环泵坏了，正在抢修": "confirmed", "经核查情况属实": "confirmed", "部分属实，只有一户不热": "partly",
		"不属实，室温 20 度": "unfounded", "现场未发现漏水": "unfounded", "不归我们管，归城管": hub.SentBack, "这不是我们管的，请找水务": hub.SentBack,
		"已恢复供热": hub.Resolved, "工资已发放到位": hub.Resolved, "已联系反映人，约好明早上门": hub.ContactMade, "已派人，预计 18 点修好": hub.Progressed,
		"收到": hub.SignedFor, "收到，正在处理": hub.SignedFor, "嗯": "", "": "",
	} {
		step, suggest, ok := office.Answer(text)
		if step != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", text, step, ok, want)
		}
		if strings.Contains(text, "城管") && suggest != "urban" {
			t.Errorf("%s suggests %q", text, suggest)
		}
	}
}

func TestOwnFieldsAreCheckedAndTheRestIsARelays(t *testing.T) {
	for name, all := range map[string]map[string]bool{
		"heating": {`{"cold_below":20}`: true, `{"cold_below":50}`: false, `{"cold_below":"x"}`: false, `{"outage_reports":5}`: false},
		"labor":   {`{"critical_workers":10}`: true, `{"critical_workers":0}`: false, `{"kind":"wecom"}`: false},
		"housing": {``: true, `{"auto_sign":true}`: true, `[]`: false, `{"cold_below":20}`: false},
	} {
		for raw, ok := range all {
			if err := offices()[name].Configure(t.Context(), json.RawMessage(raw)); (err == nil) != ok || err != nil && hub.CodeOf(err) != hub.CodeInvalid {
				t.Errorf("%s %s: %v", name, raw, err)
			}
		}
	}
}
