package labor_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/labor"
)

func TestReads(t *testing.T) {
	for _, c := range []struct {
		text     string
		facts    map[string]string
		critical bool
	}{
		{
			"我们8名农民工在甘肃宏达建筑工程有限公司干活，拖欠工资三个月，共计12.6万元。",
			map[string]string{"employer": "甘肃宏达建筑工程有限公司", "workers": "8", "months": "3", "amount": "126000"},
			false,
		},
		{
			"平川区工地欠三十五个工人的工资，一共欠了四十多万元，过年回不了家",
			map[string]string{"workers": "35", "amount": "400000"},
			true,
		},
		{
			"老板欠我23600元，半年不给，再不给我们就去拉横幅。",
			map[string]string{"amount": "23600", "gathering": "拉横幅"},
			true,
		},
		{
			"这个公司欠我两个半月工资",
			map[string]string{"months": "2.5"},
			false,
		},
		{"投诉某化工厂188人没有劳动合同", map[string]string{"workers": "188"}, false},
		{"全市300000人都关心工资，别再拖欠了", map[string]string{}, false},
		{"请问劳动合同怎么签", map[string]string{}, false},
	} {
		d := labor.New(hub.ClockFunc(time.Now), slog.New(slog.DiscardHandler))
		if err := d.Configure(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		got, err := d.Deliver(t.Context(), []hub.Alert{{ID: "a", Case: "c", Event: hub.Assigned, Content: hub.Content{Title: "反映问题", Text: c.text}}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.facts, got[0].Facts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
		if got[0].Critical != c.critical {
			t.Errorf("%s: critical %v", c.text, got[0].Critical)
		}
		if got[0].Group != c.facts["employer"] {
			t.Errorf("%s: group %q", c.text, got[0].Group)
		}
	}
}
