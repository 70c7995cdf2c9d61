package housing_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/plugins/housing"
)

func TestTellsMattersApart(t *testing.T) {
	d := housing.New(hub.ClockFunc(time.Now), slog.New(slog.DiscardHandler))
	if err := d.Configure(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][2]string{
		"山水嘉园1栋电梯故障频发，物业不管":     {"property", "山水嘉园·物业管理"},
		"新房屋顶漏水，墙皮脱落，质量问题没人管":   {"quality", "房屋质量"},
		"新时空小区交房4年还没有办好房产证":     {"title", "新时空小区·办证"},
		"棚户区拆迁三年了，回迁安置房和过渡费都没有": {"resettlement", "征收安置"},
		"想问一下公租房怎么申请":           {"other", "其他"},
	} {
		got, err := d.Deliver(t.Context(), []hub.Alert{{ID: "a", Case: "c", Content: hub.Content{Title: "住房", Text: text}}})
		if err != nil {
			t.Fatal(err)
		}
		if m := got[0].Facts["matter"]; m != want[0] || got[0].Group != want[1] {
			t.Errorf("%s: %s, %q; want %s, %q", text, m, got[0].Group, want[0], want[1])
		}
	}
}
